import { EXPLAINED } from '#development';
import { loaded } from '../platform/load.js';
import type { Attempt, Link, LinkEvents, Transport } from '../connection/transport.js';
import type { Document } from '../protocol/document.js';
import { VeloxError } from '../protocol/error.js';
import type {
  ClientFrame,
  Hello,
  Limits,
  OpenFrame,
  Operation,
  Position,
  ServerFrame,
  Subscription,
} from '../protocol/frames.js';
import { toOperations } from '../protocol/version-2.js';

/** Servers of version 2 send a ping every 25 s. The connection adds 5 s: a link is dead after 45 s without a byte. */
const HEARTBEAT_MS = 40_000;
/** They end a WebSocket after 30 s without a message. */
const PING_INTERVAL_MS = 25_000;
/** The longest wait before a link takes the place of one whose steps did not join on, in ms. */
const LONGEST_WAIT_MS = 10_000;

/** A frame with the value, as a server of version 2 sends it. */
interface Update {
  readonly id?: string;
  readonly version: number;
  readonly delta?: true;
  readonly body?: unknown;
}

/** The value, under the position that the connection gets, which differs if the server sent two values under one position. */
interface Copy extends Document {
  readonly serverId: string;
}

/** The limits of a server that takes no events. Not enumerable, so that logging the frame does not call the getter. */
const LIMITS = Object.defineProperty({ depth: 0, rate: 1 }, 'frame', {
  get() {
    throw new VeloxError(
      'not-supported',
      EXPLAINED && 'a server of version 2 takes no events. Update the server.',
    );
  },
}) as Limits;

const HELLO: Hello = { protocol: 2, session: '', heartbeat: HEARTBEAT_MS, ack: 0, limits: LIMITS };

/**
 * Lets a transport reach servers of version 2 (velox 0.x), too. A server of version 3 is served as without it. Version 2 has the
 * default topic alone; other topics are denied, and `emit` throws `not-supported`.
 *
 * @example connect('/sync', { transports: [version2(websocket()), version2(sse())] })
 */
export function version2<T extends Transport | undefined>(transport: T): T {
  if (!transport) return transport;
  /** The position of the last link, to resume from. Any inconsistency discards it. */
  let kept: Copy | undefined;
  /** Whether the last server that answered was of version 2. */
  let isOld = false;
  /** Links in a row whose steps did not join on. */
  let doubts = 0;

  const decorated = (attempt: Attempt, events: LinkEvents): Link => {
    const wanted = attempt.open.flatMap((frame) => ('subscribe' in frame ? frame.subscribe : []));
    const others = wanted.filter(({ topic }) => topic);
    const first = wanted.find(({ topic }) => !topic);
    const wasOld = isOld;
    let copy = kept?.id === first?.id && kept?.version === first?.version ? kept : undefined;
    const position = copy?.id === copy?.serverId ? copy && positionOf(copy) : undefined;
    const [{ open }] = attempt.open as [OpenFrame];
    const opening = wasOld
      ? [{ open: { ...open, session: undefined } }, { subscribe: [position ?? {}] }]
      : attempt.open;
    let mode: 'unknown' | 'passing' | 'translating' | 'over' = 'unknown';
    let heardAt = 0;
    let pinging: ReturnType<typeof setInterval>;

    const tell = (frame: object, text = JSON.stringify(frame)): void =>
      events.onFrame(frame as ServerFrame, text);
    const end = (): void => {
      mode = 'over';
      clearInterval(pinging);
    };
    /** In doubt, the next link starts with the whole value. */
    const doubt = (): void => {
      kept = undefined;
      close();
      const retry = Math.min(100 * 2 ** doubts++, LONGEST_WAIT_MS);
      events.onClose({ code: 'bad-frame', message: 'a step does not join on', retry });
    };
    const close = (): void => {
      end();
      link.close();
    };
    const answer = (subscriptions: readonly Subscription[]): void => {
      for (const { topic } of subscriptions) {
        if (topic) tell({ denied: topic, code: 'not-found' });
        else if (copy) tell({ ...positionOf(copy), body: copy.value });
      }
    };
    const greet = (): void => {
      mode = 'translating';
      isOld = true;
      tell({ hello: HELLO });
      answer(others);
      if (transport.name !== 'websocket') return;
      const ping = (): void => link.send('ping', HELLO);
      pinging = setInterval(ping, PING_INTERVAL_MS);
      ping();
    };
    const step = ({ id, version, body }: Update, text: string): void => {
      if (version - 1 !== copy?.version || (id ?? copy.serverId) !== copy.serverId) return doubt();
      const operations = Array.isArray(body) ? body : toOperations(copy.value, body);
      kept = copy = { ...copy, version, value: loaded!.apply(copy.value, operations as Operation[]) };
      doubts = 0;
      tell({ version, delta: true, body: operations }, text);
    };
    const whole = ({ id, version, body = null }: Update, text: string): void => {
      const serverId = id ?? copy?.serverId ?? '';
      const isOther = serverId !== copy?.serverId;
      const isSame =
        !isOther && version === copy!.version && loaded?.share(copy!.value, body) === copy!.value;
      if (isSame) return tell(positionOf(copy!));
      // Two values under one position: the connection would ignore the second.
      const suffix = !isOther && version <= copy!.version ? '!' : '';
      kept = copy = { id: (isOther ? serverId : copy!.id) + suffix, serverId, version, value: body };
      tell({ ...positionOf(copy), body }, text);
    };
    const translate: LinkEvents['onFrame'] = (frame, text) => {
      if ('ping' in frame) return events.onFrame(frame, text);
      if (!('version' in frame)) return;
      try {
        if ('delta' in frame) step(frame, text);
        else whole(frame, text);
      } catch {
        doubt();
      }
    };
    const link = transport(
      { ...attempt, open: opening },
      {
        onOpen: () => events.onOpen(),
        onByte() {
          heardAt = Date.now();
          events.onByte();
        },
        onFrame(frame, text) {
          if (mode === 'unknown') {
            if ('version' in frame) greet();
            else if ('ping' in frame) {
              greet();
              // A server that knows our position says nothing more; another one sends the value.
              if (wasOld && position) tell(position);
              else if (!wasOld && first?.id) return doubt();
            } else if ('hello' in frame) {
              mode = 'passing';
              isOld = false;
            }
          }
          if (mode === 'translating') return translate(frame, text);
          events.onFrame(frame, text);
          if (!wasOld || !('hello' in frame)) return;
          if (others.length) link.send(JSON.stringify({ subscribe: others }), frame.hello);
          if (!first) link.send('{"unsubscribe":[""]}', frame.hello);
        },
        onClose(reason) {
          // A server of version 2 may take GET alone, and a session is named by POST.
          if (mode === 'unknown' && /^40[45]:/.test(reason.message) && reason.code === 'refused')
            isOld = true;
          end();
          events.onClose(reason);
        },
      },
    );
    return {
      close,
      send(text, hello) {
        if (mode === 'passing') return link.send(text, hello);
        const frame = JSON.parse(text) as ClientFrame;
        if ('subscribe' in frame) queueMicrotask(() => mode === 'translating' && answer(frame.subscribe));
        // The server does not answer pings. A link that received something in the last 40 s is alive.
        else if ('ping' in frame && Date.now() - heardAt < HEARTBEAT_MS) events.onByte();
      },
    };
  };
  return Object.defineProperty(decorated, 'name', { value: transport.name }) as T;
}

const positionOf = ({ id, version }: Copy): Position => ({ id, version });
