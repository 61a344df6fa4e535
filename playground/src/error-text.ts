import { CallError } from '@velox/core';

const TEXT: Readonly<Record<string, string>> = {
  timeout: 'The server did not answer in time.',
  dropped: 'The server cannot be reached. Nothing was changed.',
  'unknown-outcome': 'The server went away. Look whether the change is there.',
};

/** Why a call failed, in words for people. */
export function errorText(reason: unknown): string {
  const known = reason instanceof CallError ? TEXT[reason.code] : undefined;
  return known ?? (reason instanceof Error ? reason.message : String(reason));
}
