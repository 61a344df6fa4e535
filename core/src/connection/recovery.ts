import { EXPLAINED } from '#development';
import { now } from '../platform/clock.js';
import { isHidden } from '../platform/page.js';
import { createWatchdog } from '../platform/watchdog.js';
import { isOffline, watchPage } from '../platform/watch-page.js';
import type { Reason, Status } from '../replicas/status.js';
import type { Readable } from '../reactive/readable.js';
import type { Hello } from '../protocol/frames.js';
import { LONGEST_TIMER_MS } from '../protocol/timer.js';
import { askCredentials } from './ask-credentials.js';
import type { Credentials, CredentialsOptions } from './credentials.js';
import type { ConnectionOptions } from './options.js';
import type { Phase } from './phase.js';
import { createRetryPolicy } from './retry.js';
import { createTransportChoice } from './transport-choice.js';
import { withoutPassword, type Attempt, type CloseReason, type Transport } from './transport.js';
import { untried, type Course } from './tries.js';

/** Codes of failures without an answer of the server. They do not replace a more specific reason. */
const VAGUE = ['lost', 'silent', 'timeout', 'buffered'];

/** Codes of a client that the server does not admit. */
const UNADMITTED = ['unauthorized', 'forbidden'];

/** A server of version 2 sends no hello. An update is unlikely soon, so the next attempt comes after 10 s. */
const OLD_SERVER = {
  code: 'unsupported-version',
  message: 'old server: use @velox/core/version2',
  retry: 10_000,
} as const;

/** A link that has been open for this long counts as a success. */
const SERVED_MS = 5_000;
/** How long a heartbeat may be late. */
const LATE_HEARTBEAT_MS = 5_000;

/** How many characters of a refused frame are reported to the server: enough to recognise the event. */
const REFUSED_LENGTH = 100;

/** The shortest interval at which the client pings, whatever the server asks for. */
const SHORTEST_PING_MS = 1_000;

/** The parts of its connection that recovery needs. */
export interface RecoveryHost {
  readonly transports: readonly Transport[];
  readonly options: CredentialsOptions & Pick<ConnectionOptions, 'url' | 'credentials' | 'retry'>;
  readonly credentials: Credentials;
  readonly course: Course;
  readonly status: Readable<Status>;
  /** The present phase. */
  readonly phase: () => Phase;
  /** Begins a new attempt. */
  readonly attempt: () => void;
  /** Goes on with an attempt, over another transport. */
  readonly open: (change: Pick<Status, 'reason'>) => void;
  /** Leaves the link for another phase. */
  readonly enter: (next: Phase) => void;
  /** Stays without a link, for `ms`. */
  readonly stay: (is: 'waiting' | 'offline' | 'closed', reason?: Reason, ms?: number) => void;
  /** Sends a frame, as JSON text, if a link is open. */
  readonly send: (text: string) => void;
}

/** Asks for credentials, and reconnects after a loss, a refusal, or a change of the page or the network. */
export interface Recovery {
  /**
   * The link ended, or did not open.
   *
   * @param reason default: a frame came before hello, so the server is too old
   */
  readonly lose: (reason?: CloseReason) => void;
  /** The server said goodbye, or there is no token. No other transport would help. */
  readonly pause: (reason: CloseReason) => void;
  /**
   * Asks the application for headers and token.
   *
   * @param dial goes on with the attempt, unless it has ended
   */
  readonly ask: (dial: () => void) => void;
  /** Watches the page and the network, until `unwatch`. */
  readonly watch: () => void;
  readonly unwatch: () => void;
  /** A link is open. Returns why a preferred transport is not in use, if that is so. */
  readonly keep: () => Reason | undefined;
  /**
   * Watches the open link, and looks for a preferred transport beside it, until `stop`.
   *
   * @param hello the server's, on this link
   */
  readonly guard: (hello: Hello) => void;
  /** Bytes arrived; the next ones may take `extra` ms longer. */
  readonly feed: (extra?: number) => void;
  readonly stop: () => void;
}

/** @param retryPreferred tries transports, and returns its end */
export function createRecovery(
  host: RecoveryHost,
  retryPreferred: (
    preferred: readonly Transport[],
    trialOf: () => Attempt,
    onFound: (index: number) => void,
  ) => () => void,
): Recovery {
  const { transports, options, credentials, status, course, stay } = host;
  const state = (): Status['state'] => status.get().state;
  /** Whether a transport is in use or being tried; false while the application is asked for its credentials. */
  const hasLink = (): boolean => 'link' in host.phase();
  const policy = createRetryPolicy(options.retry, () => course.tries);
  const choice = createTransportChoice(transports);
  const ping = (): void => host.send('{"ping":true}');
  const watchdog = createWatchdog(() => lose({ code: 'silent', message: 'no answer' }), ping);
  /** When the present link opened. */
  let openedAt = Infinity;
  let pinging: ReturnType<typeof setInterval>;
  let stopSeeking: (() => void) | undefined;
  let unwatch: (() => void) | undefined;

  /** Begins a link beside the one in use. It leaves the session where it is, and begins no other one. */
  function beginTrial(): Attempt {
    const { headers, token } = credentials;
    const open = [{ open: { token, trial: true } }] as const;
    return { url: options.url, headers, credentials: options.credentials, open };
  }

  /** Returns the reason to show: a vague new reason does not replace the reason that is shown. */
  function telling(reason: CloseReason): Reason {
    const shown = state() === 'open' ? undefined : status.get().reason;
    return (VAGUE.includes(reason.code) && shown) || withoutPassword(reason);
  }

  function pause(cause: CloseReason): void {
    const { code, retry } = cause;
    let reason = telling(cause);
    host.enter({ is: 'waiting' }); // then an attempt or `stay` follows
    const tries = course.tries;
    // Another program may send bytes, which are no text.
    if (typeof cause.text === 'string') tries.refused = cause.text.slice(0, REFUSED_LENGTH);
    if (isOffline() && tries.count) tries.count--; // an attempt without a network does not count
    if (code === 'unauthorized' && options.auth && !tries.isReplaced) {
      tries.isReplaced = true;
      return host.attempt();
    }
    tries.strangers = code === 'unknown-session' ? (tries.strangers ?? 0) + 1 : 0;
    if (tries.strangers > 1) {
      const message =
        EXPLAINED && 'the server does not know its own session: a load balancer needs sticky sessions.';
      reason = { code: 'not-sticky', message: message || 'not-sticky' };
    }
    const isOver = retry === false || UNADMITTED.includes(code) || policy.isSpent();
    if (isOver) stay('closed', reason);
    else delay(isOffline() ? 'offline' : 'waiting', reason, retry);
  }

  /** Stays without a link until the next attempt. `retry.delay` may call `close` or `reconnect`, which then applies instead. */
  function delay(is: 'waiting' | 'offline', reason: Reason | undefined, told?: number): void {
    const before = host.phase();
    const ms = policy.delay(told);
    if (host.phase() === before) stay(ms === undefined ? 'waiting' : is, reason, ms);
  }

  function lose(reason: CloseReason = OLD_SERVER): void {
    const { code, retry } = reason;
    const isOfTransport =
      state() === 'connecting' && hasLink() && retry === undefined && code !== 'unauthorized';
    if (!isOfTransport || policy.isFresh()) return pause(reason);
    const { index, isLast } = choice.next(course.chosen, withoutPassword(reason));
    course.chosen = index;
    if (isLast) pause(reason);
    else host.open({ reason: telling(reason) });
  }

  function onPage({ type }: Event): void {
    const is = state();
    const { reason } = status.get();
    // A browser keeps no page with an open link in its back/forward cache. When the page is shown again, we continue from here.
    if (type === 'pagehide' && is !== 'closed') stay('waiting', reason);
    else if (is === 'open') watchdog.probe();
    else if (is === 'connecting') {
      // The question may hang in the network that was lost.
      if (type === 'online' && !hasLink()) host.attempt();
    } else if (options.retry === 'manual') return;
    else if (type === 'offline') {
      if (is === 'waiting') delay('offline', reason);
    } else if (is === 'closed') {
      // The user may have logged in elsewhere, the cookie may have changed, or a right may have been granted. A phone changes its network
      // all the time.
      const isAsked = type !== 'change' && !isHidden();
      if (isAsked && UNADMITTED.includes(reason?.code as string)) host.attempt();
    } else {
      const isWorthwhile = isOffline() ? type !== 'change' : is === 'offline';
      if (isWorthwhile || !isHidden()) host.attempt();
      else if (type === 'pageshow') delay('waiting', reason); // it was hidden without a timer
    }
  }

  return {
    lose,
    pause,
    ask(dial) {
      const mine = host.phase();
      askCredentials(options, credentials).then(
        () => {
          if (host.phase() !== mine) return;
          credentials.opened = credentials.token;
          dial();
        },
        (error) => host.phase() === mine && pause({ code: 'auth', message: String(error) }),
      );
    },
    watch() {
      unwatch ??= watchPage(onPage);
    },
    unwatch() {
      unwatch?.();
      unwatch = undefined;
    },
    keep: () => choice.keep(course.chosen),
    feed: watchdog.feed,
    guard({ heartbeat, limits: { idle } }) {
      openedAt = now();
      course.tries.refused = undefined;
      const { token, opened } = credentials;
      // Renewed while the link opened. Without a token now, another session begins.
      if (token !== opened) {
        if (!token) return host.attempt();
        host.send(JSON.stringify({ auth: token }));
      }
      watchdog.start(heartbeat + LATE_HEARTBEAT_MS);
      const ms = Math.min(Math.max(idle! / 2, SHORTEST_PING_MS), LONGEST_TIMER_MS);
      if (idle) pinging = setInterval(ping, ms);
      if (!course.chosen) return;
      const onFound = (index: number): void => {
        course.chosen = index;
        host.attempt();
      };
      stopSeeking = retryPreferred(transports.slice(0, course.chosen), beginTrial, onFound);
    },
    stop() {
      if (now() - openedAt >= SERVED_MS) course.tries = untried();
      openedAt = Infinity;
      watchdog.stop();
      clearInterval(pinging);
      stopSeeking?.();
    },
  };
}
