import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Path, Purpose } from './memory-path.js';

/** How long an unread answer may continue, in ms. */
const UNREAD_MS = 1_000;

/** A `fetch` whose requests go over a path, each by a connection of its own. */
export function createFetch(path: Path, dial: (purpose: Purpose) => Duplex): typeof fetch {
  const { time, zone } = path;
  return (input, init = {}) => {
    const send = (): ClientRequest => begin(new URL(input as string), init, dial);
    const again = (): void => {
      const copy = send();
      copy.on('error', () => undefined);
      copy.on('response', (answer) => answer.resume());
      time.schedule(UNREAD_MS, () => copy.destroy(), zone);
    };
    if (init.method === 'POST' && path.echo) time.schedule(path.echo(), again, zone);
    const ms = isPoll(init) ? path.repeat?.() : undefined;
    if (ms === undefined) return answerOf(send(), init.signal);
    const lost = send();
    lost.on('error', () => undefined).on('response', (answer) => answer.resume());
    return new Promise((resolve, reject) => {
      const repeat = (): void => {
        lost.destroy();
        if (init.signal?.aborted) reject(new DOMException('This operation was aborted', 'AbortError'));
        else answerOf(send(), init.signal).then(resolve, reject);
      };
      time.schedule(ms, repeat, zone);
    });
  };
}

function isPoll({ method = 'GET', headers }: RequestInit): boolean {
  return method === 'GET' && new Headers(headers).has('velox-poll');
}

function begin(
  url: URL,
  { method = 'GET', headers: given, body }: RequestInit,
  dial: (purpose: Purpose) => Duplex,
): ClientRequest {
  const headers = Object.fromEntries(new Headers(given));
  const purpose =
    headers.accept === 'text/event-stream'
      ? 'sse'
      : method === 'POST' && headers['velox-session']
        ? 'post'
        : 'polling';
  const call = request({
    host: url.hostname,
    path: url.pathname + url.search,
    method,
    headers,
    createConnection: () => dial(purpose),
  });
  call.end(body);
  return call;
}

function answerOf(call: ClientRequest, signal: AbortSignal | null | undefined): Promise<Response> {
  return new Promise((resolve, reject) => {
    let fail = reject;
    const abort = (): void => {
      call.destroy();
      fail(new DOMException('This operation was aborted', 'AbortError'));
    };
    signal?.addEventListener('abort', abort);
    call.on('close', () => signal?.removeEventListener('abort', abort));
    call.on('error', (cause) => fail(new TypeError('fetch failed', { cause })));
    call.on('response', (answer) => {
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          let open = true;
          fail = (error) => {
            if (open) controller.error(error);
            open = false;
          };
          answer.on('data', (chunk: Buffer) => open && controller.enqueue(new Uint8Array(chunk)));
          answer.on('end', () => {
            if (open) controller.close();
            open = false;
          });
          answer.on('error', () => undefined);
          answer.on('close', () => fail(new TypeError('terminated')));
        },
        cancel: () => void call.destroy(),
      });
      resolve(toResponse(answer, stream));
    });
  });
}

function toResponse(
  { statusCode: status = 200, headers }: IncomingMessage,
  stream: ReadableStream,
): Response {
  const isEmpty = status === 204 || status === 304; // those may not have a body, not even an empty one
  return new Response(isEmpty ? null : stream, { status, headers: headers as Record<string, string> });
}
