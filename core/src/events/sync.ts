import type { Carrier, Connection } from '../connection/options.js';
import type {
  AnyContract,
  Contract,
  EventData,
  EventName,
  TopicName,
  TopicValue,
} from '../protocol/contract.js';
import { VeloxError } from '../protocol/error.js';
import { isDeeper } from '../protocol/decode.js';
import { createEventQueue, type Emitted } from './event-queue.js';
import type { Hello, Limits } from '../protocol/frames.js';
import { createCell, createSignal, type Readable, type Signal } from '../reactive/readable.js';
import type { Initial, Replica } from '../replicas/replica.js';

/** How long we stay connected after the last event was acknowledged. */
const LINGER = 1_000;
/** Events are acknowledged together: after so many ms, or so many of them. */
const ACK_DELAY = 500;
const ACK_COUNT = 100;
/** What may leave in so many ms: half of what the server takes in a second, for it may come in a heap. */
const PACE = 500;
/** Before a server has named its limits. */
const LIMITS: Pick<Limits, 'frame' | 'depth' | 'rate'> = { frame: 1 << 20, depth: 500, rate: 1_000 };

/** Gives the replica of a topic, the same one each time: of any topic, or with a contract of those that it names. */
export type ReplicaOf<C extends Contract> = AnyContract extends C
  ? <T>(topic?: string, initial?: Initial<T>) => Replica<T>
  : <N extends TopicName<C>>(topic: N, initial?: Initial<TopicValue<C, N>>) => Replica<TopicValue<C, N>>;

/** One connection to one endpoint: its topics, and events both ways. */
export interface Sync<C extends Contract = AnyContract> extends Omit<Connection, 'replica'> {
  /** The replica of a topic (default: the endpoint's default topic), the same one each time. */
  readonly replica: ReplicaOf<C>;
  /**
   * Sends an event: in order, and exactly once while the session lives. Without a link it waits, up to 15 s; with one it waits while
   * 1,000 are under way, or the server's limit on frames per second is reached. Of more than 1,000 that wait the oldest are dropped.
   * Where the server has lost the session, the new one gets what was not acknowledged.
   *
   * @throws VeloxError `not-json`, `closed`; `too-large`, `too-deep` for what the server does not take.
   */
  readonly emit: <N extends EventName<C>>(event: N, data: EventData<C, N>) => void;
  /**
   * Hears the events of a name; what the server changed before it sent one is seen before it. Keeps the connection open until
   * the function that it returns is called.
   */
  readonly on: <N extends EventName<C>>(event: N, listener: (data: EventData<C, N>) => void) => () => void;
  /** How many events, of either side, were given up: they waited for too long, too many did, or a new server does not take them. */
  readonly dropped: Readable<number>;
}

/** Puts events on a connection. */
export function createSync<C extends Contract = AnyContract>(carrier: Carrier): Sync<C> {
  const { replica, status, hello, onFrame, reconnect, renew, send, flush, hold } = carrier;
  const listeners = new Map<string, Signal<[unknown]>>();
  const dropped = createCell(0);
  const limits = (): Pick<Limits, 'frame' | 'depth' | 'rate'> => hello()?.limits ?? LIMITS;
  const fits = (emitted: Emitted): boolean => {
    try {
      return !!sound(emitted, limits());
    } catch {
      return false;
    }
  };
  const onDrop = (count: number): void => dropped.set(dropped.get() + count);
  const queue = createEventQueue(onDrop);
  let session = hello()?.session;
  /** How many the server has dropped of this session's. */
  let missed = 0;
  let open = status.get().state === 'open';
  if (open) queue.resume(true, 0, fits); // its hello was before us, and nothing of ours was sent in its session
  /** What may leave still, until `PACE` ms after the beginning of the heap. */
  let left = 0;
  let heapAt = 0;
  let pacing: ReturnType<typeof setTimeout>;
  let over = false;
  /** Lets the connection go, where the queue holds it. */
  let release: (() => void) | undefined;
  let lingering: ReturnType<typeof setTimeout>;
  /** Events to be acknowledged: how many, and the newest. */
  let owed = 0;
  let newest = 0;
  let acking: ReturnType<typeof setTimeout>;

  const write = (): void => {
    clearTimeout(pacing);
    if (!open) return;
    const elapsed = Date.now() - heapAt;
    if (elapsed >= PACE) {
      heapAt = Date.now();
      left = Math.max(1, Math.floor(limits().rate / 2));
    }
    const frames = queue.take(left);
    left -= frames.length;
    frames.forEach(send);
    if (left < 1) pacing = setTimeout(write, heapAt + PACE - Date.now());
  };
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
  const onHello = ({ session: next, ack, dropped: gone = 0 }: Hello): void => {
    const isSame = next === session;
    session = next;
    onDrop(gone - (isSame ? missed : 0));
    missed = gone;
    queue.resume(isSame, ack, fits);
    open = true;
    write();
    settle();
  };

  status.subscribe(() => {
    if (!open || status.get().state === 'open') return;
    open = false;
    queue.suspend();
  });
  onFrame((frame) => {
    if ('hello' in frame) onHello(frame.hello);
    else if ('ack' in frame) {
      queue.acknowledge(frame.ack);
      write();
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
      queue.add(sound({ event, data }, limits()));
      write();
      settle();
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
      clearTimeout(pacing);
      carrier.close();
    },
  };
}

/**
 * What is emitted as JSON carries it, and as it is now: the application may change its own.
 *
 * @throws VeloxError `not-json`, `too-large`, `too-deep`.
 */
function sound(emitted: Emitted, { frame: longest, depth }: Pick<Limits, 'frame' | 'depth'>): Emitted {
  let text: string;
  try {
    text = JSON.stringify({ ...emitted, seq: Number.MAX_SAFE_INTEGER });
  } catch (error) {
    throw new VeloxError('not-json', `an event cannot carry this: ${String(error)}`, { cause: error });
  }
  const size = new TextEncoder().encode(text).length;
  if (size > longest) {
    throw new VeloxError('too-large', `an event has ${size} bytes of JSON, of ${longest} allowed.`);
  }
  const { event, data = null } = JSON.parse(text) as Emitted;
  if (isDeeper({ data }, depth)) throw new VeloxError('too-deep', `an event has more than ${depth} levels.`);
  return { event, data };
}
