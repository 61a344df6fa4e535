import type { Carrier, FrameListener } from './carrier.js';
import { createPaint } from './paint.js';
import type { ClientFrame, Hello, OpenFrame, ServerFrame } from './protocol.js';
import { createSignal } from './readable.js';
import { createStatus, IDLE, type Status } from './status.js';
import { createSubscriptions } from './subscriptions.js';
import { backoff, createWatchdog, type Retry } from './timing.js';
import type { CloseReason, Link, Transport } from './transport.js';
import { isHidden, isOffline, watchWorld } from './world.js';

/** How long a way to connect may take until the server answers. */
const PATIENCE = 4_000;
/** How long hello may follow the head of an answer. Added to the server's heartbeat: dead after that long without a byte. */
const GRACE = 5_000;

/** The longest time that a timer can wait; one of more fires at once. */
const LONGEST = 2 ** 31 - 1;
/** Bytes per ms below which we do not believe in a message that was announced. */
const SLOWEST = 16;

export interface ConnectionOptions {
  /** Absolute http(s) URL. */
  readonly url: string;
  /** In the order of preference. With none, nothing is ever opened: what a server renders is detached. */
  readonly transports: readonly Transport[];
  /** Sent with each attempt, where the transport can: a browser's WebSocket cannot. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Gives the token of each attempt. Where the server refuses one, it is asked once more before we give up. A token travels in a
   * frame or in the header `Authorization`, never in a URL.
   */
  readonly auth?: (() => string | Promise<string>) | undefined;
  /** Default: for ever. `manual`: only when `reconnect` is called. */
  readonly retry?: Retry | 'manual' | undefined;
}

/**
 * The coordinator: holds a link while something is wanted, and routes what comes over it. It knows transports by their contract
 * only. One that cannot open (no hello within 4 s), or that buffers, hands over to the next; the one that worked is kept, and better
 * ones are tried beside it from time to time.
 */
export function createConnection({ url, transports, headers, auth, retry = {} }: ConnectionOptions): Carrier {
  const isManual = retry === 'manual';
  const { delay = backoff, maxAttempts = Infinity } = isManual ? {} : retry;
  const status = createStatus();
  const frames = createSignal<Parameters<FrameListener>>();
  const watchdog = createWatchdog(
    () => lose({ code: 'silent', message: 'no answer' }),
    () => send({ ping: true }),
  );
  const paint = createPaint();
  const onStatus = (): void => put(status.get());
  const topics = createSubscriptions({ ...paint, status, onChange, onStatus });
  /** One object for all links: those that make many requests see a new token in it. */
  const sent: Record<string, string> = { ...headers };
  let link: Link | undefined;
  /** Ends the patience with an attempt, or the wait for the next one. */
  let timer: ReturnType<typeof setTimeout>;
  /** The transport in use, and how many failed since the last wait. */
  let chosen = 0;
  let failed = 0;
  /** Why the transport before it is not in use. */
  let worse: CloseReason | undefined;
  let unclimb: (() => void) | undefined;
  /** Attempts since the last good frame, and when the first loss after it was. */
  let attempts = 0;
  let lostAt: number | undefined;
  let token: string | undefined;
  /** Whether the present token is there because another was refused. */
  let refreshed = false;
  /** The newest numbered frame of the session. */
  let ack = 0;
  let scheduled = false;
  let holds = 0;
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
    if (!holds && !topics.some(({ wanted }) => wanted())) rest(IDLE);
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

  async function refresh(): Promise<void> {
    token = await auth!();
    sent.authorization = `Bearer ${token}`;
  }

  function open(): void {
    hangUp();
    if (!failed) attempts++;
    if (auth) {
      const asking = (link = { send() {}, close() {} });
      refresh().then(
        () => link === asking && dial(),
        (error) => link === asking && pause({ code: 'auth', message: `${error}` }),
      );
    } else dial();
    put({ state: 'connecting', transport: transports[chosen]!.name, attempt: attempts });
  }

  function dial(): void {
    wait(PATIENCE, 'timeout');
    const open = { session: status.get().session, ack: ack || undefined, token } as OpenFrame['open']; // JSON leaves out undefined
    link = transports[chosen]!(
      { url, headers: sent, open: [{ open }, ...topics.frames()] },
      {
        onOpen: () => wait(GRACE, 'buffered'),
        onByte: () => watchdog.feed(),
        onFrame,
        onClose: lose,
      },
    );
  }

  function wait(ms: number, code: string): void {
    clearTimeout(timer);
    timer = setTimeout(() => lose({ code, message: 'no answer' }), ms);
  }

  function onFrame(frame: ServerFrame, text: string): void {
    if ('hello' in frame) onHello(frame.hello);
    else if ('bye' in frame) pause({ ...frame.bye, message: frame.bye.reason });
    else {
      // Not by hello: a server that fails right after it is not to be hurried.
      attempts = 0;
      lostAt = undefined;
      if ('seq' in frame) {
        if (frame.seq <= ack) return; // a repetition
        ack = frame.seq;
      }
      if ('ping' in frame) watchdog.feed((frame.next ?? 0) / SLOWEST);
      else topics.receive(frame);
    }
    frames.emit(frame, text);
  }

  function onHello({ heartbeat, session, protocol }: Hello): void {
    clearTimeout(timer);
    watchdog.start(heartbeat + GRACE);
    if (session !== status.get().session) ack = 0;
    failed = 0;
    refreshed = false;
    put({ state: 'open', attempt: 0, reason: chosen ? worse : undefined, session, protocol });
    reconcile(); // what was wanted meanwhile
    if (chosen) climb();
  }

  /** Looks for a better way while this one serves. */
  function climb(): void {
    const from = link;
    const load = import('./climb.js').then(({ climb }) => {
      if (link !== from) return;
      const attempt = { url, headers: sent, open: [{ open: { token } } as OpenFrame] };
      unclimb = climb(transports.slice(0, chosen), attempt, (found) => {
        chosen = found;
        open();
      });
    });
    load.catch(() => {}); // it could not be loaded: the next link looks again
  }

  function hangUp(): void {
    link?.close();
    link = undefined;
    clearTimeout(timer);
    watchdog.stop();
    unclimb?.();
    topics.drop();
  }

  function lose(reason: CloseReason): void {
    const { state, transport } = status.get();
    const { code, message, retry } = reason;
    if (state === 'connecting' && retry === undefined && code !== 'unauthorized') {
      chosen = (chosen + 1) % transports.length;
      worse = { code, message: `${transport}: ${message}` };
      if (++failed < transports.length) return open();
    }
    pause(reason);
  }

  function pause({ code, message, retry }: CloseReason): void {
    if (code === 'unauthorized' && auth && !refreshed) {
      refreshed = true;
      return open();
    }
    hangUp();
    failed = 0;
    lostAt ??= Date.now();
    const isOver =
      retry === false || code === 'unauthorized' || code === 'forbidden' || attempts >= maxAttempts;
    const state = isOver ? 'closed' : isOffline() ? 'offline' : 'waiting';
    const ms = Math.min((retry ?? delay(attempts, Date.now() - lostAt)) as number, LONGEST);
    const isTimed = state === 'waiting' && !isManual;
    if (isTimed) timer = setTimeout(open, ms);
    put({ state, retryAt: isTimed ? Date.now() + ms : undefined, reason: { code, message } });
  }

  function onWorld({ type }: Event): void {
    const { state, reason } = status.get();
    if (state === 'closed') return;
    // What holds a link is not kept by the browser to come back to; its return goes on from where we were.
    if (type === 'pagehide') {
      hangUp();
      put({ state: 'waiting' });
    } else if (state === 'open') watchdog.probe();
    else if (isOffline()) {
      if (state === 'waiting') pause(reason ?? { code: 'offline', message: 'no network' });
    } else if (!isManual && (state === 'offline' || (state === 'waiting' && !isHidden()))) open();
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
    send,
    flush: paint.flush,
    hold() {
      holds++;
      onChange();
      return () => {
        holds--;
        onChange();
      };
    },
    reconnect() {
      attempts = failed = 0;
      lostAt = undefined;
      if (unwatch) open();
    },
    async renew() {
      await refresh();
      if (status.get().state === 'open') send({ auth: token! });
    },
    close() {
      over = true;
      rest({ ...IDLE, state: 'closed' });
    },
  };
}
