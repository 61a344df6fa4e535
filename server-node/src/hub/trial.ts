import type { VeloxError } from '@velox/core/protocol';
import { commonHello } from '../sessions/common-hello.js';
import { closeCodeOf } from '../wire/codes.js';
import { message, Message } from '../wire/message.js';
import type { Outlet } from '../wire/outlet.js';
import type { Hub } from './hub.js';

/**
 * How long a trial may last, in ms. Its client ends it at `hello`, and gives up after 4 s. The server must not end it before: behind a
 * proxy that buffers, an answer arrives when it ends, and a transport that holds back every update would pass.
 */
const LONGEST_MS = 10_000;

/** The only frame of a trial: it has the server's timing and limits, and names no session. */
export function trialHello({ heartbeat, limits }: Pick<Hub, 'heartbeat' | 'limits'>): Message {
  return new Message(`{"hello":{"session":"","ack":0,${commonHello(heartbeat, limits).slice(1)}}`);
}

/**
 * Answers the trial of a transport, and ends it if its client does not. No session begins, so the rules for names, the limits of sessions
 * and the callbacks of the application do not apply.
 *
 * @param ended resolves when the link is over
 */
export function serveTrial(hub: Hub, outlet: Outlet, ended: Promise<string>): void {
  outlet.write([trialHello(hub)]);
  hub.admissions.inTime(ended, LONGEST_MS).catch((error: VeloxError) => {
    const { code } = error;
    outlet.write([message({ bye: { code, reason: 'The trial is over.' } })]);
    outlet.close(closeCodeOf(error), code);
  });
}
