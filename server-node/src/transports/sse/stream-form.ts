import { takesGzip } from '../../wire/accept-encoding.js';

type Headers = Readonly<Record<string, string>>;

/** How the messages of an event stream are encoded: as which form of a `Message`. */
export type StreamForm = 'sse' | 'gzip';

/**
 * Chooses the form of an event stream; the returned headers match that form.
 *
 * @param headers the headers that the answer always has
 * @param isCompressible whether there is a choice: then caches are told that the answer depends on it
 * @param accepted the client's `Accept-Encoding`
 */
export function chooseForm(
  headers: Headers,
  isCompressible: boolean,
  accepted: string | undefined,
): { readonly form: StreamForm; readonly headers: Headers } {
  if (!isCompressible) return { form: 'sse', headers };
  const varying = { ...headers, vary: [headers.vary, 'Accept-Encoding'].filter(Boolean).join(', ') };
  if (!takesGzip(accepted)) return { form: 'sse', headers: varying };
  return { form: 'gzip', headers: { ...varying, 'content-encoding': 'gzip' } };
}
