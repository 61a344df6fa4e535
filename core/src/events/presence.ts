import { EXPLAINED } from '#development';
import type { CallError } from '../protocol/call-error.js';
import { report, VeloxError } from '../protocol/error.js';
import type { PresenceMembers } from '../protocol/presence.js';
import { attempt, createCell, once } from '../reactive/readable.js';
import { shallow } from '../reactive/shallow.js';
import type { Hydratable } from '../replicas/replica.js';
import type { AnyContract } from '../protocol/contract.js';
import { eventText } from './event-text.js';
import type { Sync } from './sync.js';

/** How long the client stays in the room after the last component, in ms, so that a change of pages keeps it. */
const LINGER_MS = 1_000;

/** Least time between two sent values, in ms. */
const PACE_MS = 50;

/** How long the client waits before it repeats its first data on a link, in ms: a full queue would drop them again. */
const REPEAT_MS = 1_000;

/** The call or its reply was lost. */
const LOST = ['unknown-outcome', 'dropped', 'timeout'];

/** Other errors that are not reported here. The reason `forbidden` is reported by the call that joins the room. */
const SILENT = ['cancelled', 'forbidden'];

/** The other members of a room, and the client's own data there. */
export interface Presence<Mine = unknown, Shown = unknown> extends Hydratable<PresenceMembers<Shown, Mine>> {
  /**
   * Shows data to the others: the newest value, at most every 50 ms, and again after each reconnection.
   *
   * @throws VeloxError `not-json`; `too-large` beyond the server's `limits.presence`.
   */
  readonly set: (mine: Mine) => void;
  /** Joins the room, and shows `mine`, until the returned function is called. */
  readonly enter: (mine: Mine) => () => void;
}

/** The server's answer to the first data on a link. */
interface Entered {
  /** The client's own member, and the public name of its session. */
  readonly id: string;
  readonly name: string;
  /** The most bytes of `mine`. */
  readonly size: number;
  /** Least time between two deliveries of the server, in ms. */
  readonly throttle: number;
}

const NOBODY: PresenceMembers<never, never> = {};

/**
 * Creates the presence of one room on a connection.
 *
 * @param inUse has a reference to it while the client is in the room or a listener exists
 */
export function createPresence<Mine, Shown>(
  { call, emit, join, onFrame, replica, status }: Sync<AnyContract>,
  room: string,
  inUse: Set<object> = new Set<object>(),
): Presence<Mine, Shown> {
  type Members = PresenceMembers<Shown, Mine>;
  const others = createCell<Members>(NOBODY, shallow);
  const topic = replica<Members>(`presence/${room}`);
  let mine: Mine;
  let users = 0;
  let leave: (() => void) | undefined;
  let lingering: ReturnType<typeof setTimeout>;
  let pace: ReturnType<typeof setTimeout> | undefined;
  /** The first data on this link, while its answer is waited for; then the answer. */
  let entering: object | undefined;
  let entered: Entered | undefined;
  /** The newest answer. */
  let own: Entered | undefined;
  /** Whether `mine` is newer than the data that was sent. */
  let isNew = false;

  const data = (): object => ({ room, mine: mine ?? null });
  const isOpen = (): boolean => status.get().state === 'open';
  /** Shows the others. Until the answer says which member is the client's own, nothing changes. */
  const show = (): void => {
    if (entering) return;
    const isOther = ([id, { at }]: [string, Members[string]]): boolean =>
      id !== own?.id && !Object.hasOwn(at, own?.name ?? '');
    others.set(Object.fromEntries(Object.entries(topic.get() ?? NOBODY).filter(isOther)));
  };
  /** Sends the first data on a link. */
  const begin = (): void => {
    const asked = (entering = {});
    entered = undefined;
    isNew = false;
    // Async, so data that no frame can carry is reported. An exception here would keep the client in the room for ever.
    const asking = (async () => call('$presence', data()))();
    asking.then(
      (answer) => {
        if (entering !== asked) return;
        entering = undefined;
        own = entered = answer as Entered;
        show();
        if (isNew) attempt(send);
      },
      (error: CallError) => {
        const { code } = error;
        if (LOST.includes(code)) {
          // Without a link, the next link sends its first data again.
          setTimeout(() => entering === asked && isOpen() && begin(), REPEAT_MS);
          return;
        }
        if (!SILENT.includes(code)) report(error);
        if (entering !== asked) return;
        entering = undefined;
        show();
      },
    );
  };
  const send = (): void => {
    if (!entered || pace || !isOpen()) return;
    // At the limit of frames per second, an event that may be lost is not sent.
    isNew = emit('$presence', data(), { volatile: true }) === 'dropped';
    const next = (): void => {
      pace = undefined;
      if (isNew) attempt(send);
    };
    pace = setTimeout(next, Math.max(PACE_MS, entered.throttle));
  };
  const set = (next: Mine): void => {
    checkMine(next, entered?.size);
    mine = next;
    if (!leave) return;
    isNew = true;
    send();
    if (!entered && !entering && isOpen()) begin(); // the former data was refused
  };
  const hold = (): (() => unknown) => {
    const use = { presence };
    inUse.add(use);
    return () => inUse.delete(use);
  };
  const start = (): void => {
    const ends = [hold(), join(room), topic.subscribe(show), onFrame((frame) => 'hello' in frame && begin())];
    leave = () => {
      if (status.get().state !== 'closed') emit('$presence', { room });
      for (const end of ends) end();
      clearTimeout(pace);
      others.set(NOBODY);
      leave = pace = entered = entering = undefined;
    };
    if (isOpen()) begin();
  };

  const presence: Presence<Mine, Shown> = {
    get: others.get,
    getInitial: () => NOBODY,
    subscribe(onChange) {
      const ends = [others.subscribe(onChange), hold()];
      return () => ends.forEach((end) => end());
    },
    set,
    enter(first) {
      if (!users) set(first); // may throw: then the timer still takes the client out of the room
      clearTimeout(lingering);
      users++;
      if (!leave) start();
      return once(() => {
        if (!--users) lingering = setTimeout(() => leave?.(), LINGER_MS);
      });
    },
  };
  return presence;
}

/** Checks data before it replaces the former: each link begins with it. */
function checkMine(mine: unknown, limit = Infinity): void {
  const text = eventText('$presence', mine, { frame: Infinity, depth: Infinity }, '');
  if (3 * text.length <= limit) return;
  if (new TextEncoder().encode(JSON.stringify(mine)).length <= limit) return;
  throw new VeloxError(
    'too-large',
    EXPLAINED && `data for presence has more than ${limit} bytes. Send less.`,
  );
}
