import { CloseCode, VeloxError, type Bye, type OpenFrame } from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import { attempt } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Names } from '../messaging/names.js';
import type { Session } from '../sessions/session.js';

/** How long a session may take to show that its client lives, in ms: less than a client waits for `hello`. */
const ANSWER_MS = 3_000;

/** The rules for the public names of sessions. */
export interface NameRules<Context = unknown> {
  /** The public name of a session, for `hub.only(name)`. Default: a random one. */
  readonly name?: (context: Context) => string | undefined;
  /**
   * The treatment of a new client whose name another session has.
   *
   * - `both` (default): both sessions have the name
   * - `replace`: the former session ends with `replaced`, and its client does not come back
   * - `refuse`: the new client gets `name-taken`, if the client of the former session lives. A session that is silent is asked, and one
   *   without a link does not count.
   *
   * With a backplane, the rule holds for all servers. A server that does not answer within 3.5 s has no sessions for `refuse`.
   */
  readonly duplicates?: 'both' | 'replace' | 'refuse';
}

/** An authorized client that opens or resumes a session. */
export interface Guest extends Admission {
  /** The public name of the session, in place of the result of the option `name`. */
  readonly name?: string;
}

/** The methods of a hub that pause, resume and end it. */
export interface HubLife {
  /**
   * Refuses new sessions with `unavailable` until `resume` is called, and tells their clients when to try again. Existing sessions go on,
   * also over new links.
   *
   * @param options `retryAfter` in ms; default 5,000
   */
  pause(options?: { readonly retryAfter?: number }): void;
  /** Takes new sessions again. */
  resume(): void;
  isPaused(): boolean;
  /** `close()`, for `await using hub = createHub()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Knows the names of the sessions on other nodes. */
export interface NameKeeper {
  /** Whether a new client may take a name: no client of another node has it, or wants it with an earlier claim. */
  mayTake(name: string): Promise<boolean>;
  /**
   * A new session has taken a name: sessions of other nodes with that name end.
   *
   * @param known when this node hears of the name
   */
  took(session: Session, name: string, known: Promise<void> | undefined): void;
}

/** The functions of a hub that its entrance needs. */
export interface EntranceHost {
  readonly observer: Observer;
  readonly names: Names;
  /** Returns the session that a client names, if it lives and belongs to the same client. */
  readonly find: (id: string | undefined, admission: Admission) => Session | undefined;
  readonly end: (session: Session, code: number, bye: Bye) => void;
  /** Ends the link of a client that does not answer. */
  readonly silence: (session: Session) => void;
}

/** Decides whether a new session may begin, and names it. */
export class Entrance {
  readonly #rules: NameRules;
  readonly #host: EntranceHost;
  /** Set while the application takes no new sessions: when they may try again, in ms. */
  #retryAfter: number | undefined;
  /** The names on other nodes, if there are any. */
  keeper: NameKeeper | undefined;
  /** Fetches the session of an id from another node, for the same client; undefined: it can be on no other node. */
  fetchSession: ((id: string, admission: Admission) => Promise<void> | undefined) | undefined;

  constructor(rules: NameRules, host: EntranceHost) {
    this.#rules = rules;
    this.#host = host;
  }

  /** The rule for names that several sessions have. */
  get duplicates(): 'both' | 'replace' | 'refuse' {
    return this.#rules.duplicates ?? 'both';
  }

  /** Refuses new sessions until `resume`, and tells their clients when to try again. */
  pause(retryAfter = 5_000): void {
    this.#retryAfter = retryAfter;
  }

  resume(): void {
    this.#retryAfter = undefined;
  }

  get isPaused(): boolean {
    return this.#retryAfter !== undefined;
  }

  /** The part of a refusal that says when the client may try again: `false` for never. */
  retryOf({ code }: VeloxError): Pick<Bye, 'retry'> {
    if (code === 'name-taken') return { retry: false };
    return code === 'unavailable' && this.#retryAfter !== undefined ? { retry: this.#retryAfter } : {};
  }

  /**
   * Fetches the session of a client from another node. If there is none, asks the sessions that have the name of the new client whether
   * they live. Returns undefined if there is nothing to wait for.
   *
   * @param open the client's open frame, if it has sent one
   */
  prepare(admission: Guest, open?: OpenFrame['open']): Promise<void> | undefined {
    if (this.#host.find(open?.session, admission)) return undefined;
    const fetching =
      open?.session !== undefined && !this.isPaused
        ? this.fetchSession?.(open.session, admission)
        : undefined;
    return fetching
      ? fetching.then(() => this.#prepareName(admission, open?.session))
      : this.#prepareName(admission, open?.session);
  }

  #prepareName(admission: Guest, session: string | undefined): Promise<void> | undefined {
    if (this.#rules.duplicates !== 'refuse' || this.#host.find(session, admission)) return undefined;
    const name = this.#nameOf(admission);
    if (name === undefined) return undefined;
    const asked = this.#askHolders(name);
    return this.keeper ? this.#askNodes(this.keeper, name, asked) : asked;
  }

  /** Whether a client of this node that lives has a name that no other one may have. */
  async holds(name: string): Promise<boolean> {
    if (this.#rules.duplicates !== 'refuse') return false;
    await this.#askHolders(name);
    return this.#linked(name).length > 0;
  }

  /** Ends sessions of a name, because another client has taken it. */
  replace(sessions: readonly Session[]): void {
    const reason = 'Another client has taken the name.';
    for (const each of sessions)
      this.#host.end(each, CloseCode.closed, { code: 'replaced', reason, retry: false });
  }

  /**
   * A new session has the name that the application chose.
   *
   * @param known when this node hears of the name
   */
  entered(session: Session, name: string, known: Promise<void> | undefined): void {
    this.keeper?.took(session, name, known);
  }

  async #askNodes(keeper: NameKeeper, name: string, asked: Promise<void> | undefined): Promise<void> {
    await asked;
    if (this.#linked(name).length === 0 && !(await keeper.mayTake(name))) throw nameTaken(name);
  }

  #linked(name: string): Session[] {
    return this.#host.names.sessions(name).filter(({ outlet }) => outlet);
  }

  #askHolders(name: string): Promise<void> | undefined {
    const linked = this.#linked(name);
    return linked.length > 0 ? this.#ask(linked) : undefined;
  }

  /**
   * Returns the name of a new session; undefined for a random one.
   *
   * @throws VeloxError `unavailable`, `name-taken`.
   */
  enter(admission: Guest): string | undefined {
    if (this.isPaused) {
      throw new VeloxError('unavailable', 'the server takes no new clients now. Try again later.');
    }
    const name = this.#nameOf(admission);
    const { duplicates } = this;
    if (name === undefined || duplicates === 'both') return name;
    if (duplicates === 'refuse' && this.#linked(name).length > 0) throw nameTaken(name);
    this.replace(this.#host.names.sessions(name));
    return name;
  }

  async #ask(sessions: readonly Session[]): Promise<void> {
    await Promise.all(
      sessions.map(async (session) => {
        session.ping(true);
        const hasAnswered = await session.liveness.whenHeard(ANSWER_MS);
        if (!hasAnswered) this.#host.silence(session);
      }),
    );
  }

  #nameOf(admission: Guest): string | undefined {
    if (!this.#rules.name && admission.name === undefined) return undefined;
    const name = attempt(
      () => admission.name ?? this.#rules.name?.(admission.context),
      (error) => this.#host.observer.failure(error),
    );
    return typeof name === 'string' && name !== '' ? name : undefined;
  }
}

const nameTaken = (name: string): VeloxError =>
  new VeloxError('name-taken', `another client has the name "${name}". Close it first.`);
