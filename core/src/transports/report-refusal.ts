import { EXPLAINED } from '#development';
import type { CloseReason } from '../connection/transport.js';
import type { Reporter } from './define.js';

/** The longest wait that `Retry-After` may ask for, in ms. */
const LONGEST_RETRY_MS = 600_000;

/**
 * Ends the link because an HTTP request was not answered as it should: the endpoint refused it with a code, or another program answered
 * (a proxy, a login page, the fallback page of a single-page application).
 */
export async function reportRefusal(response: Response, reporter: Reporter): Promise<void> {
  const { status, ok, url, headers } = response;
  if (ok) {
    const type = headers.get('content-type') ?? 'no content type';
    const advice = EXPLAINED ? ': no Velox endpoint. Check the URL, and what stands before the server.' : '';
    return reporter.onClose({ code: 'not-velox', message: `${status}, ${type} from ${url}${advice}` });
  }
  const body: unknown = await response.json().catch(() => undefined);
  const { error } = Object(body) as { readonly error?: unknown };
  const { code = status === 403 ? 'forbidden' : 'refused', message = response.statusText } = Object(
    error,
  ) as Partial<CloseReason>;
  reporter.onClose({
    // A refused client stays refused. Other faults may vanish over another transport, or later.
    code: status === 401 ? 'unauthorized' : code,
    message: `${status}: ${message}`,
    retry:
      status !== 403 && ([429, 503].includes(status) ? retryAfter(headers.get('retry-after')) : undefined),
  });
}

/** Ms that the header `Retry-After` asks to wait: it has seconds, or a date (RFC 9110 §10.2.3). */
export function retryAfter(value: string | null): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_MS);
}
