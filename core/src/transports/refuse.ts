import type { CloseReason } from '../connection/transport.js';
import type { Reporter } from './define.js';
/** Ends the link with the reason why an HTTP request was refused: by the endpoint, in words of its own, or by something before it. */
export async function refuse(response: Response, reporter: Reporter): Promise<void> {
  const { status } = response;
  const { error } = (await response.json().catch(() => ({}))) as { readonly error?: Partial<CloseReason> };
  const { code = 'refused', message = response.statusText } = error ?? {};
  reporter.onClose({
    // Permission does not come by itself; what else is wrong may be right on another way, or later.
    code: status === 401 ? 'unauthorized' : code,
    message: `${status}: ${message}`,
    ...(status === 403 && { retry: false }),
  });
}
