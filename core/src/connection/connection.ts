import { checkConnection, EXPLAINED, noteReason, probeStream } from '#development';
import { now } from '../platform/clock.js';
import { load, loaded } from '../platform/load.js';
import type { Hello, ServerFrame } from '../protocol/frames.js';
import { attempt as callBack, createSignal } from '../reactive/readable.js';
import { createPublishScheduler } from '../replicas/publish-scheduler.js';
import { createStatus, IDLE, type Reason, type Status } from '../replicas/status.js';
import { createSubscriptions } from '../replicas/subscriptions.js';
import type { Credentials, Headers } from './credentials.js';
import { createInbox } from './inbox.js';
import { createInterest } from './interest.js';
import type { Connection, ConnectionOptions, EventConnection, FrameListener } from './options.js';
import { OVER, type Connecting, type Phase } from './phase.js';
import { recover, type LoadingHost } from './recover.js';
import { untried, type Course } from './tries.js';
import type { CloseReason, Transport } from './transport.js';

/** Connections in use. The registry and the application may hold them only weakly, so this set keeps them alive. */
const inUse = new Set<EventConnection>();

/** Creates a connection with only the transports that it is given. Nothing is opened before a replica is subscribed. */
export function createConnection(options: ConnectionOptions): Connection {
  checkConnection(options);
  return createEventConnection({ ...options }); // later changes by the application have no effect
}

/**
 * The coordinator: holds a link while something is wanted, and routes its frames. It knows transports only by their interface. Recovery,
 * which is loaded after the first hello, decides how to reconnect after a failure.
 *
 * From a loss to a current value: the link ends (`lose`), and recovery chooses another transport (`open`), or a phase without a link
 * and for how long (`enter`: topics are stale; `stay`). Then `attempt` opens a link that names the session and the position of each
 * topic, `hello` ends the attempt, and the answers to the subscriptions make the replicas current.
 */
export function createEventConnection(options: ConnectionOptions): EventConnection {
  /** How long the application may take to give its credentials. Events that wait for a link expire later, by default. */
  const ANSWER_MS = 10_000;
  /** How long an attempt may take until the server says hello. */
  const OPEN_TIMEOUT_MS = 4_000;
  /** How long hello may take after the head of an answer. */
  const HELLO_MS = 5_000;
  /** The slowest transfer of an announced message that we wait for. */
  const MIN_BYTES_PER_MS = 16;
  /** Bytes of subscriptions at a time: a server takes 16 KiB, token included, from a client that is not authorized. */
  const OPEN_BYTES = 11_000;
  const { url, transports } = options;
  const status = createStatus();
  const frames = createSignal<Parameters<FrameListener>>();
  const scheduler = createPublishScheduler();
  const credentials: Credentials = { headers: { ...(options.headers as Headers) } }; // a function spreads to nothing
  const onChange = (): void => interest.touch();
  const topics = createSubscriptions({ ...scheduler, status, onChange, onStale: () => put() });
  const interest = createInterest(topics.hasWanted, reconcile);
  let phase: Phase = { is: 'idle' };
  let hello: Hello | undefined;
  const inbox = createInbox((ack) => send(`{"ack":${ack}}`));
  const course: Course = { tries: untried(), chosen: 0 };
  /** Ends an attempt that takes too long, or the wait for the next one. */
  let timer: ReturnType<typeof setTimeout>;

  const put = (change?: Partial<Status>, before = status.get()): void => {
    status.set({ ...before, ...change, state: phase.is, stale: topics.hasStale() });
  };
  const send = (text: string): void => {
    if (phase.is === 'open') phase.link.send(text, hello!);
  };

  function reconcile(): void {
    if (phase === OVER || !transports.length) return;
    if (!interest.isAny()) {
      rest({ is: 'idle' });
    } else if (phase.is === 'idle') {
      inUse.add(connection);
      if (loaded) recover(host);
      start();
    } else if (phase.is === 'open') {
      let frames;
      while ((frames = topics.frames(OPEN_BYTES)).length)
        for (const frame of frames) send(JSON.stringify(frame));
    }
  }

  /** Begins as if nothing had failed before. */
  function start(): void {
    course.tries = untried();
    attempt();
  }

  function attempt(): void {
    course.tries.count++;
    course.tries.begunAt = now();
    open();
  }

  function open(change?: Partial<Status>): void {
    const mine: Connecting = { is: 'connecting' };
    enter(mine);
    const transport = transports[course.chosen]!;
    if (options.auth || typeof options.headers === 'function') {
      endAfter(ANSWER_MS, 'auth');
      recover(host, (recovery) => recovery.ask(() => dial(mine, transport)), {
        code: 'not-loaded',
        message: (EXPLAINED && 'code of the client is missing. Reload the page.') || 'not-loaded',
      });
    } else dial(mine, transport);
    put({ ...change, transport: transport.name, attempt: course.tries.count, retryAt: undefined });
  }

  function dial(mine: Connecting, transport: Transport): void {
    endAfter(OPEN_TIMEOUT_MS, 'timeout');
    const open = {
      session: hello?.session,
      ack: inbox.taken() || undefined,
      token: credentials.token,
      refused: course.tries.refused,
    };
    mine.link = transport(
      {
        url,
        headers: credentials.headers,
        credentials: options.credentials,
        open: [{ open }, ...topics.frames(OPEN_BYTES)],
      },
      {
        onOpen: () => endAfter(HELLO_MS, 'buffered'),
        onByte: () => host.recovery?.feed(),
        onFrame: take,
        onClose: lose,
      },
    );
  }

  /** Ends the attempt with this code after `ms`, unless the attempt succeeds or ends before. */
  function endAfter(ms: number, code: CloseReason['code']): void {
    clearTimeout(timer);
    timer = setTimeout(lose, ms, { code, message: 'no answer' } as CloseReason);
  }

  function take(frame: ServerFrame, text: string): void {
    if ('hello' in frame) onHello(frame.hello);
    else if ('bye' in frame) pause({ ...frame.bye, message: frame.bye.reason });
    else if (phase.is === 'connecting') lose();
    else {
      if (('event' in frame || 'reply' in frame) && !inbox.take(frame.seq, text.length)) return; // a repetition
      if (!('ping' in frame)) topics.receive(frame);
      else if (frame.ack) inbox.acknowledge();
      else host.recovery?.feed((frame.next ?? 0) / MIN_BYTES_PER_MS);
    }
    frames.emit(frame, text);
  }

  function onHello(next: Hello): void {
    if (phase.is !== 'connecting') return; // a second hello is ignored
    inbox.resume((next.was ?? next.session) === hello?.session);
    hello = next;
    clearTimeout(timer);
    const mine = (phase = { is: 'open', link: phase.link! } as const);
    probeStream(host);
    put({ attempt: 0, reason: host.recovery?.keep(), protocol: next.protocol });
    reconcile(); // topics may have been subscribed while the link opened
    if ((phase as Phase) === mine) recover(host, (recovery) => recovery.guard(next));
  }

  /** Leaves the current phase, releases its link and timer, and enters another one. */
  function enter(next: Phase): void {
    const before = phase;
    phase = next;
    clearTimeout(timer);
    if (!('link' in before)) return;
    before.link?.close();
    host.recovery?.stop();
    topics.drop();
  }

  /** @param reason default: a frame came before hello, so the server is too old */
  function lose(reason?: CloseReason): void {
    recover(host, (recovery) => recovery.lose(reason), reason);
  }

  function pause(reason: CloseReason): void {
    recover(host, (recovery) => recovery.pause(reason), reason);
  }

  /** Stays in a phase without a link, and ends it after `ms`. */
  function stay(is: 'waiting' | 'offline' | 'closed', reason?: Reason, ms?: number): void {
    enter({ is });
    noteReason(url, reason);
    if (ms !== undefined) timer = setTimeout(attempt, ms);
    const retryAt = Date.now() + ms! || undefined;
    put({ reason, attempt: course.tries.count, retryAt });
  }

  /** Ends everything, until something is wanted. */
  function rest(next: Phase): void {
    inUse.delete(connection);
    host.recovery?.unwatch();
    enter(next);
    put(undefined, IDLE);
  }

  const given = { transports, options, credentials, course, status };
  const host: LoadingHost = { ...given, phase: () => phase, attempt, open, enter, stay, send };
  const connection: EventConnection = {
    replica: topics.replica,
    status,
    events: options.events,
    hello: () => hello,
    onFrame: frames.on,
    send,
    flush: scheduler.flush,
    hold: interest.hold,
    reconnect() {
      if (phase.is !== 'idle' && phase !== OVER) start();
    },
    async renew() {
      send(await (await load()).renewToken(options, credentials));
    },
    close() {
      if (phase === OVER) return;
      enter(OVER);
      callBack(() => options.onClose?.());
      rest(OVER);
    },
  };
  return connection;
}
