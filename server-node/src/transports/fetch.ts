import { isVeloxError, report } from '@velox/core/protocol';
import type { Admission } from '../admission.js';
import { refuse, route, type Answer } from '../answer.js';
import type { Hub } from '../hub.js';
import { FULL, type Outlet } from '../outlet.js';
import type { Session } from '../session.js';
import { SSE_HEADERS } from './sse.js';

/** Answers a web-standard request: JSON, or one topic as an event stream. WebSockets need the runtime's own way in. */
export async function serveFetch(hub: Hub, request: Request): Promise<Response> {
  const { pathname, search, host } = new URL(request.url);
  const found = await route(
    hub,
    {
      method: request.method,
      url: pathname + search,
      header: (name) => request.headers.get(name) ?? (name === 'host' ? host : undefined),
    },
    request,
  );
  const respond = ({ body, status, headers }: Answer): Response =>
    new Response(status === 304 ? null : body, { status, headers: { ...headers, ...found.cors } });

  switch (found.kind) {
    case 'answer':
      return respond(found);
    case 'foreign':
      return respond(refuse(404, 'not-found', 'There is nothing here.'));
    case 'websocket':
      return respond(refuse(501, 'upgrade-unavailable', 'WebSockets cannot be opened by fetch(request).'));
    case 'sse':
      try {
        const { topic = '', ...known } = found.subscription;
        const stream = openStream(hub, found.admission, (session) => hub.subscribe(session, topic, known));
        return new Response(stream, { headers: { ...SSE_HEADERS, ...found.cors } });
      } catch (error) {
        if (!isVeloxError(error)) throw error;
        return respond(refuse(error.code === 'too-many' ? 429 : 503, error.code, error.message));
      }
  }
}

/** A stream that holds up to {@link FULL} bytes before it counts as full; cancelling it ends the session. */
function openStream(
  hub: Hub,
  admission: Admission,
  onOpen: (session: Session) => void,
): ReadableStream<Uint8Array> {
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
            hub.leave(session, 'ended');
            try {
              controller.close();
            } catch (error) {
              if (!(error instanceof TypeError)) report(error); // TypeError: cancelled before
            }
          },
        };
        session = hub.open(outlet, admission);
        onOpen(session);
      },
      pull() {
        if (!full) return;
        full = false;
        session.drained();
      },
      cancel: () => hub.leave(session, 'closed'),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: FULL }),
  );
}
