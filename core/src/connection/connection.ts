import { createWatchdog } from '../platform/watchdog.js';
import { now } from '../platform/clock.js';
import { isHidden, isOffline, watchPage } from '../platform/page.js';
import type { ClientFrame, Hello, OpenFrame, ServerFrame } from '../protocol/frames.js';
import { createSignal } from '../reactive/readable.js';
import { createPublishScheduler } from '../replicas/publish-scheduler.js';
import { createStatus, IDLE, type Reason, type Status } from '../replicas/status.js';
import { BEFORE_HELLO, createSubscriptions } from '../replicas/subscriptions.js';
import { createCredentials } from './credentials.js';
import { createInbox } from './inbox.js';
import { createInterest } from './interest.js';
import type { Carrier, Connection, ConnectionOptions, FrameListener } from './options.js';
import { createRetryPolicy } from './retry.js';
import { createTransportChoice } from './transport-choice.js';
import { OPEN_TIMEOUT_MS, type Attempt, type CloseReason, type Link } from './transport.js';

/** How long hello may follow the head of an answer, and how long a heartbeat may be late. */
const GRACE_MS = 5_000;
/** A link counts as a success after so long. */
const SERVED_MS = 5_000;
/** The slowest transfer of an announced message that we wait for. */
const MIN_BYTES_PER_MS = 16;
/** Codes without a word from the server. They do not replace a reason that says more. */
const VAGUE = ['lost', 'silent', 'timeout', 'buffered'];

/** A server of version 2 says no hello. It will not change soon. */
const OLD_SERVER = {
  code: 'unsupported-version',
  message: 'old server: use @velox/core/version2',
  retry: 10_000,
} as const;

/** What the connection does now; `is` is the status. A phase is compared by identity, so late results see that they are late. */
type Phase =
  | { readonly is: 'idle' | 'waiting' | 'offline' }
  | Connecting
  | { readonly is: 'open'; readonly link: Link; readonly since: number }
  | { readonly is: 'closed' }
  /** By `close()`. */
  | { readonly is: 'closed'; readonly isFinal: true };

interface Connecting {
  readonly is: 'connecting';
  /** Absent while we wait for a token. */
  link?: Link;
}

/** Those with interest. The registry and the application may hold a connection weakly; in use, it must not vanish. */
const inUse = new Set<Carrier>();

/** Creates a connection with only the transports that it is given. Nothing is opened before a replica is subscribed. */
export const createConnection: (options: ConnectionOptions) => Connection = createCarrier;

/**
 * The coordinator: holds a link while something is wanted, and routes its frames. It knows transports by their contract only. One that
 * cannot open (no hello within 4 s), or that buffers, hands over to the next.
 */
export function createCarrier({
  url,
  transports,
  credentials,
  onClose,
  ...options
}: ConnectionOptions): Carrier {
  const status = createStatus();
  const frames = createSignal<Parameters<FrameListener>>();
  const scheduler = createPublishScheduler();
  const access = createCredentials(options);
  const retry = createRetryPolicy(options.retry);
  const choice = createTransportChoice(transports);
  const topics = createSubscriptions({
    ...scheduler,
    status,
    onChange: () => interest.touch(),
    onStale: () => put({}),
  });
  const interest = createInterest(topics.hasWanted, reconcile);
  const watchdog = createWatchdog(
    () => giveUp('silent'),
    () => send('{"ping":true}'),
  );
  let phase: Phase = { is: 'idle' };
  let hello: Hello | undefined;
  const inbox = createInbox((ack) => send(`{"ack":${ack}}`));
  /** Links in a row that ended because their own server did not know the session. */
  let strangers = 0;
  /** Ends the patience with an attempt, or the wait for the next one. */
  let timer: ReturnType<typeof setTimeout>;
  let unwatch: (() => void) | undefined;

  const put = (change: Partial<Status>): void => {
    status.set({ ...status.get(), ...change, state: phase.is, stale: topics.hasStale() });
  };
  const send = (text: string): void => {
    if (phase.is === 'open') phase.link.send(text, hello!);
  };
  const attemptOf = (open: Partial<OpenFrame['open']>, ...more: ClientFrame[]): Attempt => {
    const first = { open: { ...open, token: access.token() } as OpenFrame['open'] }; // JSON leaves out undefined
    return { url, headers: access.headers(), credentials, open: [first, ...more] };
  };

  function reconcile(): void {
    if ('isFinal' in phase || !transports.length) return;
    if (!interest.isAny()) {
      if (phase.is !== 'idle') rest({ is: 'idle' });
    } else if (phase.is === 'idle') {
      inUse.add(carrier);
      unwatch = watchPage(onPage);
      retry.reset();
      attempt();
    } else if (phase.is === 'open') {
      for (const frame of topics.frames()) send(JSON.stringify(frame));
    }
  }

  function attempt(): void {
    retry.begin();
    open();
  }

  function open(change?: Partial<Status>): void {
    const mine: Connecting = { is: 'connecting' };
    enter(mine);
    const { name: transport } = choice.current();
    const isLater = access.prepare()?.then(
      () => phase === mine && dial(mine),
      (error) => phase === mine && pause({ code: 'auth', message: `${error}` }),
    );
    if (!isLater) dial(mine);
    put({ ...change, transport, attempt: retry.attempts(), retryAt: undefined });
  }

  function dial(mine: Connecting): void {
    wait(OPEN_TIMEOUT_MS, 'timeout');
    const known = { session: hello?.session, ack: inbox.taken() || undefined } as Partial<OpenFrame['open']>;
    mine.link = choice.current()(attemptOf(known, ...topics.frames(BEFORE_HELLO)), {
      onOpen: () => wait(GRACE_MS, 'buffered'),
      onByte: watchdog.feed,
      onFrame,
      onClose: lose,
    });
  }

  function wait(ms: number, code: CloseReason['code']): void {
    clearTimeout(timer);
    timer = setTimeout(giveUp, ms, code);
  }

  function giveUp(code: CloseReason['code']): void {
    lose({ code, message: 'no answer' });
  }

  function onFrame(frame: ServerFrame, text: string): void {
    if ('hello' in frame) onHello(frame.hello);
    else if ('bye' in frame) pause({ ...frame.bye, message: frame.bye.reason } as CloseReason);
    else if (phase.is === 'connecting') lose(OLD_SERVER);
    else {
      if (('event' in frame || 'reply' in frame) && !inbox.take(frame.seq, text.length)) return; // a repetition
      if (!('ping' in frame)) topics.receive(frame);
      else if (frame.ack) inbox.acknowledge();
      else watchdog.feed((frame.next ?? 0) / MIN_BYTES_PER_MS);
    }
    frames.emit(frame, text);
  }

  function onHello(next: Hello): void {
    if (phase.is !== 'connecting') return; // a second one says nothing new
    inbox.resume(next.session === hello?.session);
    hello = next;
    clearTimeout(timer);
    watchdog.start(next.heartbeat + GRACE_MS);
    const mine = (phase = { is: 'open', link: phase.link!, since: now() } as const);
    put({ attempt: 0, reason: choice.keep(), protocol: next.protocol });
    reconcile(); // for what was wanted meanwhile
    if ((phase as Phase) === mine) choice.seek(attemptOf({}), attempt);
  }

  /** Leaves the present phase, with all that belongs to it, for another one. */
  function enter(next: Phase): void {
    const before = phase;
    phase = next;
    clearTimeout(timer);
    if (before.is === 'open' && now() - before.since >= SERVED_MS) {
      retry.reset();
      access.accept();
      strangers = 0;
    }
    if (!('link' in before)) return;
    before.link?.close();
    watchdog.stop();
    choice.stop();
    topics.drop();
  }

  function lose(reason: CloseReason): void {
    const { code, retry: told } = reason;
    const isOfTransport = phase.is === 'connecting' && told === undefined && code !== 'unauthorized';
    if (isOfTransport && !retry.isFresh() && choice.next(reason)) open({ reason: telling(reason) });
    else pause(reason);
  }

  /** The reason to show, of this one and that which is shown. */
  function telling({ code, message }: CloseReason): Reason {
    const shown = phase.is === 'open' ? undefined : status.get().reason;
    return (VAGUE.includes(code) && shown) || { code, message: message.replace(/\/\/[^/@]*@/g, '//') };
  }

  function pause(cause: CloseReason): void {
    let reason = telling(cause);
    enter({ is: 'waiting' });
    if (cause.code === 'unauthorized' && access.replace()) return attempt();
    strangers = cause.code === 'unknown-session' ? strangers + 1 : 0;
    if (strangers > 1) reason = { code: 'not-sticky', message: 'a load balancer changes servers' };
    const isOver =
      cause.retry === false ||
      cause.code === 'unauthorized' ||
      cause.code === 'forbidden' ||
      (retry.isSpent() && !isOffline());
    if (isOver) stay({ is: 'closed' }, reason);
    else stay({ is: isOffline() ? 'offline' : 'waiting' }, reason, retry.delay(cause.retry));
  }

  /** Stays in a phase without a link, and ends it after `ms`. */
  function stay(next: Phase, reason: Reason | undefined, ms?: number): void {
    enter(next);
    const isTimed = ms !== undefined && !retry.isManual;
    if (isTimed) timer = setTimeout(attempt, ms);
    put({ reason, attempt: retry.attempts(), retryAt: isTimed ? Date.now() + ms : undefined });
  }

  function onPage({ type }: Event): void {
    const { is } = phase;
    const { reason } = status.get();
    // A browser does not keep a page with a link for later; when it is shown again, we go on from here.
    if (type === 'pagehide' && is !== 'closed') stay({ is: 'waiting' }, reason);
    else if (is === 'open') watchdog.probe();
    else if (type === 'offline') {
      if (is === 'waiting') stay({ is: 'offline' }, reason, retry.delay());
    } else if (is === 'offline' || is === 'waiting') {
      const isWorthwhile = isOffline() ? type !== 'change' : is === 'offline';
      if (!retry.isManual && (isWorthwhile || !isHidden())) attempt();
    }
  }

  /** Ends everything, until something is wanted. */
  function rest(next: Phase): void {
    inUse.delete(carrier);
    unwatch?.();
    enter(next);
    status.set({ ...IDLE, state: next.is, stale: topics.hasStale() });
  }

  const carrier: Carrier = {
    replica: topics.replica,
    status,
    hello: () => hello,
    onFrame: frames.on,
    send,
    flush: scheduler.flush,
    hold: interest.hold,
    reconnect() {
      retry.reset();
      if (phase.is !== 'idle' && !('isFinal' in phase)) attempt();
    },
    async renew() {
      send(JSON.stringify({ auth: await access.renew() }));
    },
    close() {
      if (!('isFinal' in phase)) onClose?.();
      rest({ is: 'closed', isFinal: true });
    },
  };
  return carrier;
}
