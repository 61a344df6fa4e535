import { report as reportError } from '@velox/core/protocol';

/** Reports an error that no promise carries to the application. In Deno `reportError` would end the process, and with it all sessions. */
export function report(error: unknown): void {
  if ('Deno' in globalThis) console.error(error);
  else reportError(error);
}
