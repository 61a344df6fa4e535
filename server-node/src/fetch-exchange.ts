import { VeloxError } from '@velox/core/protocol';
import type { Exchange } from './exchange.js';
import { FULL, type Outlet } from './outlet.js';

/** An exchange of a web-standard server; `response` is what it answers. */
export function fetchExchange(request: Request): Exchange & { readonly response: Promise<Response> } {
  const { pathname, search, host } = new URL(request.url);
  let respond: (response: Response) => void = () => undefined;
  const response = new Promise<Response>((resolve) => (respond = resolve));
  return {
    request,
    response,
    head: {
      method: request.method,
      url: pathname + search,
      header: (name) => request.headers.get(name) ?? (name === 'host' ? host : undefined),
    },
    async body(limit) {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > limit) throw new VeloxError('too-large', `a body has more than ${limit} bytes.`);
      }
      return Buffer.concat(chunks).toString();
    },
    answer({ status, headers, body }, more) {
      respond(new Response(status === 304 ? null : body, { status, headers: { ...headers, ...more } }));
    },
    stream(headers, onDrain, onClose) {
      const { outlet, readable } = pipe(onDrain, onClose);
      respond(new Response(readable, { headers }));
      return outlet;
    },
    onAbort(callback) {
      if (request.signal.aborted) queueMicrotask(callback);
      else request.signal.addEventListener('abort', callback, { once: true });
    },
  };
}

/** A stream that holds up to {@link FULL} bytes before it counts as full; cancelling it is the end of the link. */
function pipe(
  onDrain: () => void,
  onClose: (reason: string) => void,
): { outlet: Outlet; readable: ReadableStream<Uint8Array> } {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let full = false;
  let open = true;
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (given) => void (controller = given),
      pull() {
        if (!full) return;
        full = false;
        onDrain();
      },
      cancel() {
        open = false;
        onClose('closed');
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: FULL }),
  );
  return {
    readable,
    outlet: {
      transport: 'sse',
      write(messages) {
        if (!open) return true;
        controller.enqueue(Buffer.concat(messages.map((each) => each.sse)));
        full = (controller.desiredSize ?? 0) <= 0;
        return !full;
      },
      close() {
        if (!open) return;
        open = false;
        controller.close();
        onClose('ended');
      },
    },
  };
}
