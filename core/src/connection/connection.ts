import { checkConnection, noteReason, probeStream } from '#development';
import { now } from '../platform/clock.js';
import { load, loaded } from '../platform/load.js';
import type { ClientFrame, Hello, OpenFrame, ServerFrame } from '../protocol/frames.js';
import { createSignal } from '../reactive/readable.js';
import { createPublishScheduler } from '../replicas/publish-scheduler.js';
import { createStatus, IDLE, type Reason, type Status } from '../replicas/status.js';
import { BEFORE_HELLO, createSubscriptions } from '../replicas/subscriptions.js';
import { hasQuestions, type Headers } from './credentials.js';
import { createInbox } from './inbox.js';
import { createInterest } from './interest.js';
import type { Carrier, Connection, ConnectionOptions, FrameListener } from './options.js';
import type { Connecting, Phase } from './phase.js';
import type { Recovery, RecoveryHost } from './recovery.js';
import { untried } from './tries.js';
import { OPEN_TIMEOUT_MS, withoutPassword, type Attempt, type CloseReason } from './transport.js';

/** How long hello may follow the head of an answer. */
const GRACE_MS = 5_000;
/** The slowest transfer of an announced message that we wait for. */
const MIN_BYTES_PER_MS = 16;
/** How long we wait if the code that recovers cannot be loaded: from one to two times as long. */
const RELOAD_MS = 1_000;

/** Those with interest. The registry and the application may hold a connection weakly; in use, it must not vanish. */
const inUse = new Set<Carrier>();

/** Creates a connection with only the transports that it is given. Nothing is opened before a replica is subscribed. */
export function createConnection(options: ConnectionOptions): Connection {
  checkConnection(options);
  return createCarrier(options);
}

/**
 * The coordinator: holds a link while something is wanted, and routes its frames. It knows transports by their contract only. How it
 * comes back after a failure is a part that is loaded after the first hello.
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
  const headers: Record<string, string> = { ...(options.headers as Headers) }; // a function spreads to nothing
  let token: string | undefined;
  const topics = createSubscriptions({
    ...scheduler,
    status,
    onChange: () => interest.touch(),
    onStale: () => put({}),
  });
  const interest = createInterest(topics.hasWanted, reconcile);
  let phase: Phase = { is: 'idle' };
  let hello: Hello | undefined;
  const inbox = createInbox((ack) => send(`{"ack":${ack}}`));
  let tries = untried();
  /** The index of the transport in use. */
  let chosen = 0;
  let recovery: Recovery | undefined;
  /** Ends the patience with an attempt, or the wait for the next one. */
  let timer: ReturnType<typeof setTimeout>;

  const put = (change: Partial<Status>): void => {
    status.set({ ...status.get(), ...change, state: phase.is, stale: topics.hasStale() });
  };
  const send = (text: string): void => {
    if (phase.is === 'open') phase.link.send(text, hello!);
  };
  const attemptOf = (open: Partial<OpenFrame['open']>, ...more: ClientFrame[]): Attempt => {
    const first = { open: { ...open, token, refused: tries.refused } as OpenFrame['open'] }; // JSON leaves out undefined
    return { url, headers, credentials, open: [first, ...more] };
  };

  function reconcile(): void {
    if ('isFinal' in phase || !transports.length) return;
    if (!interest.isAny()) {
      if (phase.is !== 'idle') rest({ is: 'idle' });
    } else if (phase.is === 'idle') {
      inUse.add(carrier);
      if (loaded) equip(loaded);
      start();
    } else if (phase.is === 'open') {
      for (const frame of topics.frames()) send(JSON.stringify(frame));
    }
  }

  /** Begins as if nothing had failed before. */
  function start(): void {
    tries = untried();
    attempt();
  }

  function attempt(): void {
    tries.count++;
    tries.begunAt = now();
    open();
  }

  function open(change?: Partial<Status>): void {
    const mine: Connecting = { is: 'connecting' };
    enter(mine);
    const { name: transport } = transports[chosen]!;
    if (hasQuestions(options)) {
      let code: CloseReason['code'] = 'lost';
      load()
        .then(({ askCredentials }) => {
          code = 'auth';
          return askCredentials(options, headers);
        })
        .then(
          (fresh) => {
            token = fresh;
            if (phase === mine) dial(mine);
          },
          (error) => phase === mine && pause({ code, message: `${error as Error}` }),
        );
    } else dial(mine);
    put({ ...change, transport, attempt: tries.count, retryAt: undefined });
  }

  function dial(mine: Connecting): void {
    wait(OPEN_TIMEOUT_MS, 'timeout');
    const known = { session: hello?.session, ack: inbox.taken() || undefined } as Partial<OpenFrame['open']>;
    mine.link = transports[chosen]!(attemptOf(known, ...topics.frames(BEFORE_HELLO)), {
      onOpen: () => wait(GRACE_MS, 'buffered'),
      onByte: () => recovery?.feed(),
      onFrame: take,
      onClose: lose,
    });
  }

  function wait(ms: number, code: CloseReason['code']): void {
    clearTimeout(timer);
    timer = setTimeout(() => lose({ code, message: 'no answer' }), ms);
  }

  function take(frame: ServerFrame, text: string): void {
    if ('hello' in frame) onHello(frame.hello);
    else if ('bye' in frame) pause({ ...frame.bye, message: frame.bye.reason } as CloseReason);
    else if (phase.is === 'connecting') recover('refuseOldServer');
    else {
      if (('event' in frame || 'reply' in frame) && !inbox.take(frame.seq, text.length)) return; // a repetition
      if (!('ping' in frame)) topics.receive(frame);
      else if (frame.ack) inbox.acknowledge();
      else recovery?.feed((frame.next ?? 0) / MIN_BYTES_PER_MS);
    }
    frames.emit(frame, text);
  }

  function onHello(next: Hello): void {
    if (phase.is !== 'connecting') return; // a second one says nothing new
    inbox.resume((next.was ?? next.session) === hello?.session);
    hello = next;
    clearTimeout(timer);
    const mine = (phase = { is: 'open', link: phase.link!} as const);
    probeStream(
      () => transports[chosen]!.name,
      () => phase === mine,
      send,
    );
    put({ attempt: 0, reason: recovery?.keep(), protocol: next.protocol });
    reconcile(); // topics may have been subscribed while the link opened
    if ((phase as Phase) === mine) recover('guard', next);
  }

  /** Leaves the present phase, with all that belongs to it, for another one. */
  function enter(next: Phase): void {
    const before = phase;
    phase = next;
    clearTimeout(timer);
    if (!('link' in before)) return;
    before.link?.close();
    recovery?.stop();
    topics.drop();
  }

  /** Recovery is in the file that loads on need; it watches the page while the connection is in use. */
  function equip({ createRecovery }: NonNullable<typeof loaded>): Recovery {
    recovery ??= createRecovery(host);
    if (inUse.has(carrier)) recovery.watch();
    return recovery;
  }

  /** Calls recovery, now or as soon as it is loaded, unless the phase has changed by then. */
  function recover(
    act: 'lose' | 'pause' | 'guard' | 'refuseOldServer',
    argument?: CloseReason | Hello,
  ): void {
    const mine = phase;
    const use = (module: NonNullable<typeof loaded>): void => {
      if (phase === mine) equip(module)[act](argument as never);
    };
    if (loaded) return use(loaded);
    const wait = (): void => {
      if (phase === mine && act !== 'guard')
        stay('waiting', argument as Reason, RELOAD_MS * (1 + Math.random()));
    };
    load().then(use, wait);
  }

  function lose(reason: CloseReason): void {
    recover('lose', reason);
  }

  function pause(reason: CloseReason): void {
    recover('pause', reason);
  }

  /** Stays in a phase without a link, and ends it after `ms`. */
  function stay(is: 'waiting' | 'offline' | 'closed', reason?: Reason, ms?: number): void {
    enter({ is });
    noteReason(url, reason);
    const retryAt = ms === undefined ? ms : Date.now() + ms;
    if (retryAt) timer = setTimeout(attempt, ms);
    put({ reason: reason && withoutPassword(reason), attempt: tries.count, retryAt });
  }

  /** Ends everything, until something is wanted. */
  function rest(next: Phase): void {
    inUse.delete(carrier);
    recovery?.unwatch();
    enter(next);
    status.set({ ...IDLE, state: next.is, stale: topics.hasStale() });
  }

  const host: RecoveryHost = {
    transports,
    options,
    tries: () => tries,
    succeed: () => void (tries = untried()),
    status,
    current: () => chosen,
    choose: (index) => void (chosen = index),
    attempt,
    open,
    enter,
    stay,
    send,
    attemptOf,
  };
  const carrier: Carrier = {
    replica: topics.replica,
    status,
    events: options.events,
    hello: () => hello,
    onFrame: frames.on,
    send,
    flush: scheduler.flush,
    hold: interest.hold,
    reconnect() {
      if (phase.is !== 'idle' && !('isFinal' in phase)) start();
    },
    async renew() {
      token = await (await load()).renewToken(options, headers);
      send(JSON.stringify({ auth: token }));
    },
    close() {
      if (!('isFinal' in phase)) onClose?.();
      rest({ is: 'closed', isFinal: true });
    },
  };
  return carrier;
}
