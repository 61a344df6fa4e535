import { VeloxError } from '@velox/core/protocol';
import type { Admission } from '../../access/admission.js';
import type { Hub } from '../../hub/hub.js';
import type { Session } from '../../sessions/session.js';
import { statusOf } from '../../wire/codes.js';
import { credentialsOf, refuse, type Exchange } from '../exchange.js';
import { SSE_HEADERS } from '../sse/serve-sse.js';
import { TranslatingOutlet, type Refused } from './outlet.js';
import { reportNoObject } from './report-no-object.js';

/**
 * Serves a topic to a client of version 2 as an event stream; resolves with the reason when it is over. The position that such a
 * client names is ignored: after a reconnect it gets the whole value, as from the original server.
 *
 * @throws VeloxError `too-many`, `going-away`, before the head is sent.
 */
export function serveVersion2(
  hub: Hub,
  exchange: Exchange,
  cors: Readonly<Record<string, string>>,
  admission: Admission,
  topic: string,
): Promise<string> {
  let end: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (end = resolve));
  const onClose = (reason: string): void => {
    outlet.end();
    hub.leave(session, outlet, reason);
    end(reason);
  };
  const onRefused = ({ code, reason, isFirst }: Refused): void => {
    if (code === 'not-acceptable') reportNoObject(hub, topic);
    if (!isFirst) return stream.close(0, code);
    const status = statusOf(new VeloxError(code, reason));
    exchange.answer(refuse(status, code, reason), cors);
    onClose(code);
  };
  const stream = exchange.stream(
    { ...SSE_HEADERS, ...cors },
    {
      isCompressible: hub.compression,
      onDrain: () => outlet.drained() && session.drained(outlet),
      onClose,
    },
  );
  const outlet = new TranslatingOutlet(stream, onRefused);
  const session: Session = hub.open(outlet, admission, undefined, {
    frames: [{ subscribe: [{ topic }] }],
    credentials: credentialsOf(exchange),
  });
  return ended;
}
