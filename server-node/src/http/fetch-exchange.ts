import { isVeloxError, VeloxError } from '@velox/core/protocol';
import type { Exchange } from '../transports/exchange.js';
import { FetchStream } from '../transports/sse/fetch-stream.js';
import { chooseForm } from '../transports/sse/stream-form.js';
import { CompressingOutlet } from '../wire/compressing-outlet.js';

/**
 * An exchange of a web-standard server; `response` resolves with the answer.
 *
 * @param compresses whether event streams may be compressed
 */
export function fetchExchange(
  request: Request,
  compresses: boolean,
): Exchange & { readonly response: Promise<Response> } {
  const { pathname, search, host } = new URL(request.url);
  let answered = false;
  let resolve: (response: Response) => void = () => undefined;
  const response = new Promise<Response>((given) => (resolve = given));
  const respond = (given: Response): void => {
    answered = true;
    resolve(given);
  };
  return {
    request,
    response,
    head: {
      method: request.method,
      url: pathname + search,
      header: (name) => request.headers.get(name) ?? (name === 'host' ? host : undefined),
    },
    body: (limit) => readText(request, limit),
    answer({ status, headers, body }, more) {
      const content = status === 204 || status === 304 ? null : body; // those have none, not even an empty one
      respond(new Response(content, { status, headers: { ...headers, ...more } }));
    },
    stream(given, { isCompressible, onDrain, onClose }) {
      const accepted = request.headers.get('accept-encoding') ?? undefined;
      const { form, headers } = chooseForm(given, isCompressible && compresses, accepted);
      const create = (drained: () => void): FetchStream => {
        const begin = (body: ReadableStream<Uint8Array>): void => {
          whenAborted(request, () => stream.end('closed')); // not every host cancels the stream
          respond(new Response(body, { headers }));
        };
        const stream = new FetchStream(form, begin, { onDrain: drained, onClose });
        return stream;
      };
      return form === 'gzip' ? new CompressingOutlet(form, create, onDrain) : create(onDrain);
    },
    onAbort: (callback) => whenAborted(request, () => answered || callback()),
  };
}

/** Calls back when a request is aborted, or soon if it was aborted before. */
function whenAborted({ signal }: Request, callback: () => void): void {
  if (signal.aborted) queueMicrotask(callback);
  else signal.addEventListener('abort', callback, { once: true });
}

async function readText(request: Request, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > limit) throw new VeloxError('too-large', `a body has more than ${limit} bytes.`);
    }
  } catch (cause) {
    if (isVeloxError(cause)) throw cause;
    throw new VeloxError('bad-frame', 'the body broke off, or was read before.', { cause });
  }
  return Buffer.concat(chunks).toString();
}
