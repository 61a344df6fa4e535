import { checkCall } from '#development';
import type { Carrier, Connection } from '../connection/options.js';
import type {
  AnyContract,
  CallData,
  CallName,
  CallReply,
  CallResult,
  Contract,
  EventData,
  EventName,
  RoomName,
  TopicName,
  TopicValue,
} from '../protocol/contract.js';
import { VeloxError } from '../protocol/error.js';
import type { Hello, Limits } from '../protocol/frames.js';
import { createSignal, type Readable, type Signal } from '../reactive/readable.js';
import type { Initial, Replica } from '../replicas/replica.js';
import { createAnswers } from './answers.js';
import { createCalls, type CallOptions } from './calls.js';
import { createDropCounter } from './drop-counter.js';
import { createEventQueue } from './event-queue.js';
import { checkText, eventText } from './event-text.js';
import { createLingeringHold } from './lingering-hold.js';
import { createPacer } from './pacer.js';
import { createRooms } from './rooms.js';

/** Before a server has named its limits. */
const LIMITS: Pick<Limits, 'frame' | 'depth' | 'rate'> = { frame: 1 << 20, depth: 500, rate: 1_000 };

/** Returns the replica of a topic, the same one while it is in use. A contract limits the topics to those that it names. */
export type ReplicaOf<C extends Contract> = AnyContract extends C
  ? <T>(topic?: string, initial?: Initial<T>) => Replica<T>
  : <N extends TopicName<C>>(topic: N, initial?: Initial<TopicValue<C, N>>) => Replica<TopicValue<C, N>>;

/** How an event is sent. */
export interface EmitOptions {
  /** The event may be lost: without a link, or at the server's limit on frames per second, it is not sent. Default false. */
  readonly volatile?: boolean | undefined;
}

/** One connection to one endpoint: its topics, and events both ways. */
export interface Sync<C extends Contract = AnyContract> extends Omit<Connection, 'replica'> {
  /** The replica of a topic (default: the endpoint's default topic), the same one while it is in use. */
  readonly replica: ReplicaOf<C>;
  /**
   * Sends an event: in order, and exactly once while the session lives. Without a link it waits, up to 15 s. With a link it waits while
   * 1,000 are under way, or while the server's limit on frames per second is reached. If more than 1,000 wait, the oldest are dropped.
   * If the server has lost the session, the new one gets the events that were not acknowledged.
   *
   * @throws VeloxError `not-json`, `closed`; `too-large`, `too-deep` if the server would refuse it.
   */
  readonly emit: <N extends EventName<C>>(event: N, data: EventData<C, N>, options?: EmitOptions) => void;
  /**
   * Calls back with each event of a name, after the changes that the server made before it. Keeps the connection open until the
   * function that it returns is called.
   */
  readonly on: <N extends EventName<C>>(event: N, listener: (data: EventData<C, N>) => void) => () => void;
  /** How many events, of either side, were given up: they waited for too long, too many did, or a new server does not take them. */
  readonly dropped: Readable<number>;
  /**
   * Calls the server, and resolves with its reply. A call runs at most once, unless it is `idempotent`. Rejects with a CallError: that of
   * the handler, `no-handler`, `internal`, `timeout`, `cancelled`, `dropped`, or `unknown-outcome` if the session ended after the call
   * was written.
   *
   * @throws VeloxError `not-json`, `closed`; `too-large`, `too-deep` if the server would refuse it.
   */
  readonly call: <N extends CallName<C>>(
    name: N,
    data: CallData<C, N>,
    options?: CallOptions,
  ) => Promise<CallReply<C, N>>;
  /**
   * Answers the calls of the server. The reply is the result; a CallError travels, any other error becomes `internal` and is reported
   * here. Keeps the connection open until the function that it returns is called.
   *
   * @throws VeloxError `bad-option` if the call has a handler.
   */
  readonly answer: <N extends CallName<C>>(
    name: N,
    handler: (data: CallData<C, N>) => CallResult<C, N> | Promise<CallResult<C, N>>,
  ) => () => void;
  /**
   * Joins a room, if the server's `canJoin` allows it, and joins it again in each new session. Keeps the connection open until the
   * function that it returns is called, which leaves the room.
   */
  readonly join: (room: RoomName<C>) => () => void;
}

/** Adds events to a connection. */
export function createSync<C extends Contract = AnyContract>(carrier: Carrier): Sync<C> {
  const { replica, status, hello, onFrame, reconnect, renew, send, flush, hold } = carrier;
  const listeners = new Map<string, Signal<[unknown]>>();
  const limits = (): Pick<Limits, 'frame' | 'depth' | 'rate'> => hello()?.limits ?? LIMITS;
  const fits = (text: string): boolean => {
    try {
      checkText(text, limits());
      return true;
    } catch {
      return false;
    }
  };
  const drops = createDropCounter();
  const queue = createEventQueue(drops.add);
  const pacer = createPacer(() => limits().rate, write);
  const lingering = createLingeringHold(hold, () => send('{"ping":true,"ack":true}'));
  let session = hello()?.session;
  let open = status.get().state === 'open';
  let over = false;
  let hadSession = open;
  if (open) queue.resume(true, 0, fits); // its hello was before us, and its session has had no event of ours

  const calls = createCalls(queue, () => settle());
  const rooms = createRooms((name, room) => call(name, room, { timeout: Infinity }));
  const answers = createAnswers((text) => {
    queue.add(text);
    settle();
  });

  const checkOpen = (): void => {
    if (over) throw new VeloxError('closed', 'the connection was closed. Create a new one.');
  };
  function call(name: string, data: unknown, options?: CallOptions): Promise<unknown> {
    checkCall(options);
    checkOpen();
    return calls.call(name, (number) => eventText(name, data, limits(), number), options);
  }
  function write(): void {
    if (!open) return;
    const texts = queue.take(pacer.left());
    texts.forEach(send);
    pacer.spend(texts.length);
  }
  const settle = (): void => {
    write();
    lingering.need(queue.size() + calls.size() > 0);
  };
  const onHello = ({ session: next, ack }: Hello): void => {
    const isSame = next === session;
    session = next;
    if (!isSame) drops.reset();
    const isLost = !isSame && hadSession;
    hadSession = true;
    if (isLost) calls.onNewSession();
    queue.resume(isSame, ack, fits);
    open = true;
    if (isLost) rooms.onNewSession();
    settle();
  };

  status.subscribe(() => {
    if (!open || status.get().state === 'open') return;
    open = false;
    queue.suspend();
  });
  onFrame((frame) => {
    if ('hello' in frame) onHello(frame.hello);
    else if ('ping' in frame) return;
    else if ('dropped' in frame) drops.server(frame.dropped);
    else if ('ack' in frame) {
      queue.acknowledge(frame.ack);
      settle();
    } else if ('reply' in frame) {
      flush();
      calls.reply(frame);
    } else if ('event' in frame) {
      flush();
      if (frame.call) answers.run(frame.event, frame.data, frame.call);
      else listeners.get(frame.event)?.emit(frame.data);
    }
  });

  /** Keeps the connection open until the function that it returns is called. */
  const keepOpen = (end: () => void): (() => void) => {
    const release = hold();
    return () => {
      end();
      release();
    };
  };

  return {
    replica,
    status,
    onFrame,
    reconnect,
    renew,
    dropped: drops.count,
    emit(event, data, { volatile } = {}) {
      checkOpen();
      const text = eventText(event, data, limits());
      if (!volatile) {
        queue.add(text);
        settle();
      } else if (open && pacer.left()) {
        send(`${text},"seq":0}`);
        pacer.spend(1);
      }
    },
    on(event, listener) {
      let signal = listeners.get(event);
      if (!signal) listeners.set(event, (signal = createSignal()));
      return keepOpen(signal.on((data) => listener(data as EventData<C, typeof event>)));
    },
    call: call as Sync<C>['call'],
    answer: (name, handler) => keepOpen(answers.set(name, handler as (data: unknown) => unknown)),
    join: (room) => keepOpen(rooms.join(room)),
    close() {
      over = true;
      calls.close();
      queue.clear();
      for (const { stop } of [lingering, pacer]) stop();
      carrier.close();
    },
  };
}
