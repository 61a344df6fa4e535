import type { Carrier, ConnectionOptions, FrameListener } from './options.js';
import { createPaint } from '../replicas/paint.js';
import { load } from '../platform/load.js';
import type { ClientFrame, Hello, OpenFrame, ServerFrame } from '../protocol/frames.js';
import { createSignal } from '../reactive/readable.js';
import { createStatus, IDLE, type Status } from '../replicas/status.js';
import { BEFORE_HELLO, createSubscriptions } from '../replicas/subscriptions.js';
import { backoff, createWatchdog, isRecent, LONGEST, PATIENCE, type Retry } from '../platform/timing.js';
import type { CloseReason, Link } from './transport.js';
import { isHidden, isOffline, watchWorld } from '../platform/page.js';

/** How long hello may follow the head of an answer. Added to the server's heartbeat: dead after that long without a byte. */
const GRACE = 5_000;

/** Bytes per ms below which we do not believe in a message that was announced. */
const SLOWEST = 16;

/**
 * The coordinator: holds a link while something is wanted, and routes what comes over it. It knows transports by their contract
 * only. One that cannot open (no hello within 4 s), or that buffers, hands over to the next; the one that worked is kept, and better
 * ones are tried beside it from time to time.
 */
export function createConnection({
  url,
  transports,
  headers,
  auth,
  retry = {},
  onClose,
}: ConnectionOptions): Carrier {
  const isManual = retry === 'manual';
  const { delay = backoff, maxAttempts = Infinity } = retry as Retry; // of a text, none is there
  const status = createStatus();
  const frames = createSignal<Parameters<FrameListener>>();
  const watchdog = createWatchdog(
    () => giveUp('silent'),
    () => send({ ping: true }),
  );
  const paint = createPaint();
  const topics = createSubscriptions({ ...paint, status, onChange, onStatus: put });
  /** One object for all links: those that make many requests see a new token in it. */
  const sent: Record<string, string> = { ...headers };
  let link: Link | undefined;
  let hello: Hello | undefined;
  /** Counts the links and what led to none, so that what comes late can see that it is late. */
  let turn = 0;
  /** Ends the patience with an attempt, or the wait for the next one. */
  let timer: ReturnType<typeof setTimeout>;
  /** The transport in use, and how many failed since one worked. */
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
  function put(change?: Partial<Status>): void {
    status.set({
      ...status.get(),
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
      put();
    }
  }

  function send(frame: ClientFrame): void {
    link?.send(frame, hello!);
  }

  async function refresh(): Promise<void> {
    token = await auth!();
    sent.authorization = `Bearer ${token}`;
  }

  function open(): void {
    hangUp();
    attempts++;
    if (auth) {
      const mine = turn;
      refresh().then(
        () => mine === turn && dial(),
        (error) => mine === turn && pause({ code: 'auth', message: `${error}` }),
      );
    } else dial();
    put({ state: 'connecting', transport: transports[chosen]!.name, attempt: attempts, retryAt: undefined });
  }

  function dial(): void {
    wait(PATIENCE, 'timeout');
    const open = { session: status.get().session, ack: ack || undefined, token } as OpenFrame['open']; // JSON leaves out undefined
    link = transports[chosen]!(
      { url, headers: sent, open: [{ open }, ...topics.frames(BEFORE_HELLO)] },
      {
        onOpen: () => wait(GRACE, 'buffered'),
        onByte: watchdog.feed,
        onFrame,
        onClose: lose,
      },
    );
  }

  function wait(ms: number, code: string): void {
    clearTimeout(timer);
    timer = setTimeout(giveUp, ms, code);
  }

  function giveUp(code: string): void {
    lose({ code, message: 'no answer' });
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

  function onHello(next: Hello): void {
    const { heartbeat, session, protocol } = (hello = next);
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
    const mine = turn;
    load().then(
      ({ climb }) => {
        if (mine !== turn) return;
        const attempt = { url, headers: sent, open: [{ open: { token } } as OpenFrame] };
        unclimb = climb(transports.slice(0, chosen), attempt, (found) => {
          chosen = found;
          open();
        });
      },
      () => {}, // it could not be loaded: the next link looks again
    );
  }

  function hangUp(): void {
    link?.close();
    link = undefined;
    turn++;
    clearTimeout(timer);
    watchdog.stop();
    unclimb?.();
    topics.drop();
  }

  function lose(reason: CloseReason): void {
    const { state, transport } = status.get();
    const { code, message, retry } = reason;
    if (state === 'connecting' && !isRecent(lostAt) && retry === undefined && code !== 'unauthorized') {
      worse = { code, message: `${transport}: ${message}` };
      chosen = (chosen + 1) % transports.length;
      if (++failed % transports.length) {
        attempts--; // all in turn count as one
        return open();
      }
    }
    pause(reason);
  }

  function pause({ code, message, retry }: CloseReason): void {
    if (code === 'unauthorized' && auth && !refreshed) {
      refreshed = true;
      return open();
    }
    lostAt ??= Date.now();
    const isOver =
      retry === false || code === 'unauthorized' || code === 'forbidden' || attempts >= maxAttempts;
    const state = isOver ? 'closed' : isOffline() ? 'offline' : 'waiting';
    const isTimed = state === 'waiting' && !isManual;
    const elapsed = Date.now() - lostAt;
    const wanted = (retry as number | undefined) ?? delay(attempts, elapsed);
    const ms = wanted >= 0 ? Math.min(wanted, LONGEST) : backoff(attempts, elapsed); // of others, too, it may be no time at all
    stop({ state, retryAt: isTimed ? Date.now() + ms : undefined, reason: { code, message } });
    if (isTimed) timer = setTimeout(open, ms);
  }

  function onWorld({ type }: Event): void {
    const { state } = status.get();
    if (state === 'closed') return;
    // What holds a link is not kept by the browser to come back to; its return goes on from where we were.
    if (type === 'pagehide') stop({ state: 'waiting' });
    else if (state === 'open') watchdog.probe();
    else if (isOffline()) {
      if (state === 'waiting') stop({ state: 'offline' });
    } else if (!isManual && (state === 'offline' || (state === 'waiting' && !isHidden()))) open();
  }

  function stop(change: Partial<Status>): void {
    hangUp();
    put({ retryAt: undefined, ...change });
  }

  function rest(next: Status): void {
    unwatch?.();
    unwatch = undefined;
    stop(next);
  }

  return {
    replica: topics.replica,
    status,
    hello: () => hello,
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
      attempts = 0;
      lostAt = undefined;
      if (unwatch) open();
    },
    async renew() {
      await refresh();
      if (status.get().state === 'open') send({ auth: token! });
    },
    close() {
      if (!over) onClose?.();
      over = true;
      rest({ ...IDLE, state: 'closed' });
    },
  };
}
