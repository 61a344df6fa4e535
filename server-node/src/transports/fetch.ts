import { report } from '@velox/core/protocol';
import { refuse, route } from '../answer.js';
import type { Hub } from '../hub.js';
import { FULL, type Outlet } from '../outlet.js';
import type { Session } from '../session.js';
import { SSE_HEADERS } from './sse.js';

/** Answers a web-standard request: JSON, or one topic as an event stream. WebSockets need the runtime's own way in. */
export function serveFetch(hub: Hub, request: Request): Response {
  const { pathname, search } = new URL(request.url);
  const found = route(hub, {
    method: request.method,
    url: pathname + search,
    header: (name) => request.headers.get(name) ?? (name === 'host' ? new URL(request.url).host : undefined),
  });
  const respond = (body: BodyInit | null, status: number, headers: HeadersInit): Response =>
    new Response(body, { status, headers: { ...headers, ...found.cors } });

  switch (found.kind) {
    case 'answer':
      return respond(found.status === 304 ? null : found.body, found.status, found.headers);
    case 'sse': {
      const { topic = '', ...known } = found.subscription;
      return respond(
        openStream(hub, (session) => hub.subscribe(session, topic, known)),
        200,
        SSE_HEADERS,
      );
    }
    case 'websocket':
    case 'foreign': {
      const { body, status, headers } =
        found.kind === 'foreign'
          ? refuse(404, 'not-found', 'There is nothing here.')
          : refuse(501, 'upgrade-unavailable', 'This server cannot open WebSockets by fetch(request).');
      return respond(body, status, headers);
    }
  }
}

/** A stream that holds up to {@link FULL} bytes before it counts as full; cancelling it ends the session. */
function openStream(hub: Hub, onOpen: (session: Session) => void): ReadableStream<Uint8Array> {
  let session: Session;
  let full = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const outlet: Outlet = {
          transport: 'sse',
          write(messages) {
            controller.enqueue(Buffer.concat(messages.map((each) => each.sse)));
            full = (controller.desiredSize ?? 0) <= 0;
            return !full;
          },
          close() {
            hub.leave(session);
            try {
              controller.close();
            } catch (error) {
              if (!(error instanceof TypeError)) report(error); // TypeError: cancelled before
            }
          },
        };
        session = hub.open(outlet);
        onOpen(session);
      },
      pull() {
        if (!full) return;
        full = false;
        session.drained();
      },
      cancel: () => hub.leave(session),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: FULL }),
  );
}
