import { isVeloxError, VeloxError } from '@velox/core/protocol';
import type { Exchange } from './exchange.js';
import { FULL, ROOM, type Outlet } from './outlet.js';

/** An exchange of a web-standard server; `response` is what it answers. */
export function fetchExchange(request: Request): Exchange & { readonly response: Promise<Response> } {
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
    stream(headers, { onDrain, onClose }) {
      let outlet: Outlet | undefined;
      const begin = (): Outlet => {
        const piped = pipe(onDrain, onClose);
        whenAborted(request, () => piped.end('closed')); // not every host cancels the stream
        respond(new Response(piped.readable, { headers }));
        return (outlet = piped.outlet);
      };
      return {
        transport: 'sse',
        get waiting() {
          return outlet?.waiting ?? 0;
        },
        write: (messages) => (outlet ?? begin()).write(messages),
        close: (code, reason) => (outlet ?? begin()).close(code, reason),
      };
    },
    onAbort: (callback) => whenAborted(request, () => answered || callback()),
  };
}

/** Also where it was aborted before anybody listened. */
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

/** A stream that counts as full with {@link FULL} bytes, until {@link ROOM} are left; cancelling it is the end of the link. */
function pipe(
  onDrain: () => void,
  onClose: (reason: string) => void,
): { outlet: Outlet; readable: ReadableStream<Uint8Array>; end: (reason: string) => void } {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let full = false;
  let open = true;
  const waiting = (): number => FULL - (controller.desiredSize ?? 0);
  const end = (reason: string): void => {
    if (!open) return;
    open = false;
    if (reason !== 'cancelled') controller.close();
    onClose(reason);
  };
  const readable = new ReadableStream<Uint8Array>(
    {
      start: (given) => void (controller = given),
      pull() {
        if (!full || waiting() > ROOM) return;
        full = false;
        onDrain();
      },
      cancel: () => end('cancelled'),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: FULL }),
  );
  return {
    readable,
    end,
    outlet: {
      transport: 'sse',
      get waiting() {
        return open ? waiting() : 0;
      },
      write(messages) {
        if (!open) return true;
        controller.enqueue(Buffer.concat(messages.map((each) => each.sse.bytes)));
        full = waiting() >= FULL;
        return !full;
      },
      close: () => end('ended'),
    },
  };
}
