import type { Carrier, Connection } from './carrier.js';
import type { AnyContract, Contract, EventData, EventName, TopicName, TopicValue } from './contract.js';
import { VeloxError } from './error.js';
import { createEventQueue } from './event-queue.js';
import type { Hello } from './protocol.js';
import { createCell, createSignal, type Readable, type Signal } from './readable.js';
import type { Initial, Replica } from './replica.js';

/** How long we stay connected after the last event was acknowledged. */
const LINGER = 1_000;
/** Events are acknowledged together: after so many ms, or so many of them. */
const ACK_DELAY = 500;
const ACK_COUNT = 100;
/** The longest event, in characters of its JSON, before a server has named its limit. */
const LONGEST = 1 << 20;

/** Gives the replica of a topic, the same one each time: of any topic, or with a contract of those that it names. */
export type ReplicaOf<C extends Contract> = AnyContract extends C
  ? <T>(topic?: string, initial?: Initial<T>) => Replica<T>
  : <N extends TopicName<C>>(topic: N, initial?: Initial<TopicValue<C, N>>) => Replica<TopicValue<C, N>>;

/** One connection to one endpoint: its topics, and events both ways. */
export interface Sync<C extends Contract = AnyContract> extends Omit<Connection, 'replica'> {
  /** The replica of a topic (default: the endpoint's default topic), the same one each time. */
  readonly replica: ReplicaOf<C>;
  /**
   * Sends an event: in order, and exactly once while the session lives. Without a link it waits, up to 15 s; of more than 1,000 that
   * wait the oldest are dropped. Where the server has lost the session, the new one gets what was not acknowledged.
   *
   * @throws VeloxError `not-json`, `too-large`, `closed`.
   */
  readonly emit: <N extends EventName<C>>(event: N, data: EventData<C, N>) => void;
  /**
   * Hears the events of a name; what the server changed before it sent one is seen before it. Keeps the connection open until
   * the function that it returns is called.
   */
  readonly on: <N extends EventName<C>>(event: N, listener: (data: EventData<C, N>) => void) => () => void;
  /** How many events, of either side, were given up: they waited for too long, or too many did. */
  readonly dropped: Readable<number>;
}

/** Puts events on a connection. */
export function createSync<C extends Contract = AnyContract>(carrier: Carrier): Sync<C> {
  const { replica, status, onFrame, reconnect, renew, send, flush, hold } = carrier;
  const listeners = new Map<string, Signal<[unknown]>>();
  const dropped = createCell(0);
  const onDrop = (count: number): void => dropped.set(dropped.get() + count);
  const queue = createEventQueue(onDrop);
  let { session } = status.get();
  /** How many the server has dropped of this session's. */
  let missed = 0;
  let longest = LONGEST;
  let open = status.get().state === 'open';
  if (open) queue.resume(true, 0); // its hello was before us, and nothing of ours was sent in its session
  let over = false;
  /** Lets the connection go, where the queue holds it. */
  let release: (() => void) | undefined;
  let lingering: ReturnType<typeof setTimeout>;
  /** Events to be acknowledged: how many, and the newest. */
  let owed = 0;
  let newest = 0;
  let acking: ReturnType<typeof setTimeout>;

  const settle = (): void => {
    clearTimeout(lingering);
    if (queue.size()) release ??= hold();
    else {
      lingering = setTimeout(() => {
        release?.();
        release = undefined;
      }, LINGER);
    }
  };
  const acknowledge = (): void => {
    clearTimeout(acking);
    owed = 0;
    if (open) send({ ack: newest }); // else the next open frame says it
  };
  const onHello = ({ session: next, ack, limits, dropped: gone = 0 }: Hello): void => {
    const isSame = next === session;
    session = next;
    onDrop(gone - (isSame ? missed : 0));
    missed = gone;
    longest = limits.frame;
    queue.resume(isSame, ack).forEach(send);
    settle();
  };

  status.subscribe(() => {
    const before = open;
    open = status.get().state === 'open';
    if (before && !open) queue.suspend();
  });
  onFrame((frame) => {
    if ('hello' in frame) onHello(frame.hello);
    else if ('ack' in frame) {
      queue.acknowledge(frame.ack);
      settle();
    } else if ('event' in frame) {
      newest = frame.seq;
      owed++;
      if (owed >= ACK_COUNT) acknowledge();
      else if (owed === 1) acking = setTimeout(acknowledge, ACK_DELAY);
      flush();
      listeners.get(frame.event)?.emit(frame.data);
    }
  });

  return {
    replica,
    status,
    onFrame,
    reconnect,
    renew,
    dropped,
    emit(event, data) {
      if (over) throw new VeloxError('closed', 'the connection was closed. Make a new one.');
      const frame = queue.add(event, copy(data, longest));
      settle();
      if (open) send(frame);
    },
    on(event, listener) {
      let signal = listeners.get(event);
      if (!signal) listeners.set(event, (signal = createSignal()));
      const off = signal.on((data) => listener(data as EventData<C, typeof event>));
      let end: (() => void) | undefined = hold();
      return () => {
        off();
        end?.();
        end = undefined;
      };
    },
    close() {
      over = true;
      queue.clear();
      clearTimeout(lingering);
      clearTimeout(acking);
      carrier.close();
    },
  };
}

/** As JSON would carry it, and as it is now: the application may change its own. */
function copy(data: unknown, longest: number): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (error) {
    throw new VeloxError('not-json', `an event cannot carry this: ${String(error)}`, { cause: error });
  }
  if (text === undefined) return null;
  if (text.length > longest) {
    throw new VeloxError(
      'too-large',
      `an event has ${text.length} characters of JSON, of ${longest} allowed.`,
    );
  }
  return JSON.parse(text);
}
