import type { AnyContract, Contract, TopicName, TopicValue } from './contract.js';
import { createPaint } from './paint.js';
import type { ClientFrame, ServerFrame } from './protocol.js';
import { createSignal, type Readable } from './readable.js';
import type { Initial, Replica } from './replica.js';
import { createStatus, IDLE, type Status } from './status.js';
import { createSubscriptions } from './subscriptions.js';
import { createBackoff, createWatchdog } from './timing.js';
import type { CloseReason, Link, Transport } from './transport.js';
import { isOffline, watchWorld } from './world.js';

/** How long a way to connect may take until the server says hello. */
const PATIENCE = 4_000;
/** Added to the server's heartbeat: dead after that long without a byte. */
const GRACE = 5_000;

/** The longest time that a timer can wait; one of more fires at once. */
const LONGEST = 2 ** 31 - 1;
/** Bytes per ms below which we do not believe in a message that was announced. */
const SLOWEST = 16;

/** Hears each frame of the server, with its text as it came. */
export type FrameListener = (frame: ServerFrame, text: string) => void;

/** Gives the replica of a topic, the same one each time: of any topic, or with a contract of those that it names. */
export type ReplicaOf<C extends Contract> = AnyContract extends C
  ? <T>(topic?: string, initial?: Initial<T>) => Replica<T>
  : <N extends TopicName<C>>(topic: N, initial?: Initial<TopicValue<C, N>>) => Replica<TopicValue<C, N>>;

/** One connection to one endpoint, with all of its topics. */
export interface Sync<C extends Contract = AnyContract> {
  /** The replica of a topic (default: the endpoint's default topic), the same one each time. */
  readonly replica: ReplicaOf<C>;
  readonly status: Readable<Status>;
  /** For tools that show traffic; returns the end of the subscription. It does not make us connect. */
  readonly onFrame: (listener: FrameListener) => () => void;
  /** Ends it for good; replicas keep their values. */
  readonly close: () => void;
}

export interface ConnectionOptions {
  /** Absolute http(s) URL. */
  readonly url: string;
  /** In the order of preference. With none, nothing is ever opened: what a server renders is detached. */
  readonly transports: readonly Transport[];
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * The coordinator: holds a link while a topic is wanted, and routes what comes over it. It knows transports by their contract
 * only. One that cannot open (no hello within 4 s) hands over to the next; the one that worked is kept.
 */
export function createConnection({ url, transports, headers = {} }: ConnectionOptions): Sync {
  const status = createStatus();
  const frames = createSignal<Parameters<FrameListener>>();
  let backoff = createBackoff();
  const watchdog = createWatchdog(
    () => lose({ code: 'silent', message: 'no answer' }),
    () => send({ ping: true }),
  );
  const onStatus = (): void => put(status.get());
  const topics = createSubscriptions({ ...createPaint(), status, onChange, onStatus });
  let link: Link | undefined;
  /** Ends the patience with an attempt, or the wait for the next one. */
  let timer: ReturnType<typeof setTimeout>;
  /** The transport in use, and how many failed since the last wait. */
  let chosen = 0;
  let failed = 0;
  let scheduled = false;
  let over = !transports.length;
  /** Is there while something is wanted. */
  let unwatch: (() => void) | undefined;

  /** `stale` is not put: it follows from the topics. */
  function put(change: Partial<Status>): void {
    status.set({
      ...status.get(),
      retryAt: undefined,
      ...change,
      stale: topics.some(({ wanted, replica }) => wanted() && replica.status.get().stale),
    });
  }

  /** What one tick wants leaves together. */
  function onChange(): void {
    if (!scheduled) queueMicrotask(reconcile);
    scheduled = true;
  }

  function reconcile(): void {
    scheduled = false;
    if (over) return;
    if (!topics.some(({ wanted }) => wanted())) rest(IDLE);
    else if (!unwatch) {
      unwatch = watchWorld(onWorld);
      open();
    } else if (status.get().state === 'open') {
      topics.frames().forEach(send);
      onStatus();
    }
  }

  function send(frame: ClientFrame): void {
    link?.send(frame, status.get().session!);
  }

  function open(): void {
    const transport = transports[chosen] as Transport;
    hangUp();
    timer = setTimeout(() => lose({ code: 'timeout', message: 'no answer' }), PATIENCE);
    link = transport(
      { url, headers, open: [{ open: {} }, ...topics.frames()] },
      { onOpen() {}, onByte: () => watchdog.feed(), onFrame, onClose: lose },
    );
    put({ state: 'connecting', transport: transport.name, attempt: status.get().attempt + 1 });
  }

  function onFrame(frame: ServerFrame, text: string): void {
    if ('hello' in frame) {
      const { heartbeat, session, protocol } = frame.hello;
      clearTimeout(timer);
      watchdog.start(heartbeat + GRACE);
      put({ state: 'open', attempt: 0, reason: undefined, session, protocol });
      reconcile(); // what was wanted meanwhile
    } else if ('bye' in frame) pause({ ...frame.bye, message: frame.bye.reason });
    else if ('ping' in frame) watchdog.feed((frame.next ?? 0) / SLOWEST);
    else {
      topics.receive(frame);
      backoff = createBackoff(); // not by hello: a server that fails right after it is not to be hurried
    }
    frames.emit(frame, text);
  }

  function hangUp(): void {
    link?.close();
    link = undefined;
    clearTimeout(timer);
    watchdog.stop();
    topics.drop();
  }

  function lose(reason: CloseReason): void {
    if (status.get().state === 'connecting' && reason.retry === undefined) {
      chosen = (chosen + 1) % transports.length;
      if (++failed < transports.length) return open();
    }
    pause(reason);
  }

  function pause(why?: CloseReason): void {
    const retry = why?.retry;
    const state = retry === false ? 'closed' : isOffline() ? 'offline' : 'waiting';
    const delay = Math.min((retry ?? backoff()) as number, LONGEST);
    const retryAt = state === 'waiting' ? Date.now() + delay : undefined;
    hangUp();
    failed = 0;
    if (retryAt) timer = setTimeout(open, delay);
    put({ state, retryAt, reason: why && { code: why.code, message: why.message } });
  }

  function onWorld(): void {
    const { state, reason } = status.get();
    if (isOffline()) {
      if (state === 'waiting') pause(reason);
    } else if (state === 'offline' || state === 'waiting') open();
    else if (state === 'open') watchdog.probe();
  }

  function rest(next: Status): void {
    hangUp();
    unwatch?.();
    unwatch = undefined;
    put(next);
  }

  return {
    replica: topics.replica,
    status,
    onFrame: frames.on,
    close() {
      over = true;
      rest({ ...IDLE, state: 'closed' });
    },
  };
}
