import type { ServerResponse } from 'node:http';
import type { Subscription } from '@velox/core/protocol';
import type { Admission } from '../admission.js';
import type { Hub } from '../hub.js';
import { FULL, type Outlet } from '../outlet.js';
import type { Session } from '../session.js';

/** The head of an event stream; the last two keep proxies from buffering or recoding it. */
export const SSE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

/**
 * Serves one topic as an event stream on a response of node:http; resolves with the reason when it is over.
 *
 * @throws VeloxError `too-many`, `closed`, before the head is sent.
 */
export function serveSse(
  hub: Hub,
  response: ServerResponse,
  admission: Admission,
  { topic = '', ...known }: Subscription,
): Promise<string> {
  const session: Session = hub.open(
    createOutlet(response, () => session.drained()),
    admission,
  );
  response.writeHead(200, SSE_HEADERS);
  hub.subscribe(session, topic, known);
  return new Promise((resolve) => {
    response.once('close', () => {
      const outcome = response.writableFinished ? 'ended' : 'closed';
      hub.leave(session, outcome);
      resolve(outcome);
    });
    response.on('error', () => undefined); // 'close' follows
  });
}

function createOutlet(response: ServerResponse, onDrain: () => void): Outlet {
  return {
    transport: 'sse',
    write(messages) {
      if (response.writableEnded || response.destroyed) return true; // 'close' follows
      response.write(Buffer.concat(messages.map((each) => each.sse)));
      if (response.writableLength < FULL) return true;
      response.once('drain', onDrain);
      return false;
    },
    close: () => void response.end(),
  };
}
