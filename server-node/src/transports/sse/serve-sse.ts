import type { ClientFrame, OpenFrame } from '@velox/core/protocol';
import type { Admission } from '../../access/admission.js';
import { credentialsOf, type Exchange } from '../exchange.js';
import type { Hub } from '../../hub/hub.js';
import { serveTrial } from '../../hub/trial.js';
import type { Session } from '../../sessions/session.js';

/** The head of an event stream; the last two keep proxies from buffering or recoding it. */
export const SSE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

/** How long after hello a second sign of life follows, in ms. */
const SECOND_PING_MS = 500;

/**
 * Serves a session as an event stream; resolves with the reason when it is over.
 *
 * @param open the client's open frame; undefined for a GET whose client will not resume the session: it ends with its link
 * @throws VeloxError `too-many`, `going-away`, `bad-frame`, before the head is sent.
 */
export function serveSse(
  hub: Hub,
  exchange: Exchange,
  cors: Readonly<Record<string, string>>,
  admission: Admission,
  open: OpenFrame['open'] | undefined,
  frames: readonly ClientFrame[],
): Promise<string> {
  let end: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (end = resolve));
  const onClose = (reason: string): void => {
    clearTimeout(secondPing);
    hub.leave(session, outlet, reason);
    end(reason);
  };
  // The session comes before the first write, so that a refusal can still be an answer with a status.
  const outlet = exchange.stream(
    { ...SSE_HEADERS, ...cors },
    { isCompressible: hub.compression, onDrain: () => session.drained(outlet), onClose },
  );
  const session: Session = hub.open(outlet, admission, open, {
    frames,
    credentials: credentialsOf(exchange),
  });
  // On a path that buffers, neither hello nor this ping arrives, though the head may. The client then tries another transport.
  const secondPing = setTimeout(() => session.ping(), SECOND_PING_MS).unref();
  return ended;
}

/** Answers the trial of an event stream; resolves with the reason when it is over. */
export function serveSseTrial(
  hub: Hub,
  exchange: Exchange,
  cors: Readonly<Record<string, string>>,
): Promise<string> {
  let onClose: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (onClose = resolve));
  const outlet = exchange.stream(
    { ...SSE_HEADERS, ...cors },
    { isCompressible: hub.compression, onDrain: () => undefined, onClose },
  );
  serveTrial(hub, outlet, ended);
  return ended;
}
