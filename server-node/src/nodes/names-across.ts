import type { NameKeeper } from '../hub/entrance.js';
import type { Hub } from '../hub/hub.js';
import { isHere } from '../sessions/redirect.js';
import type { Session } from '../sessions/session.js';
import type { Casts } from './casts.js';
import type { Letters } from './letters.js';
import { isBefore, type NameClaim } from './name-claim.js';
import type { Peers } from './peers.js';

/** How long other nodes may take to say whether they have a name, in ms: they may ask a silent client for 3 s. */
const ANSWER_MS = 3_500;
/** How long a name is kept for a client that may take it, in ms, until its session begins. */
const KEPT_MS = 5_000;

/** The option `duplicates` among the nodes of a cluster: each of them applies it to its own sessions. */
export class NamesAcross implements NameKeeper {
  readonly #hub: Hub;
  readonly #letters: Letters;
  readonly #peers: Peers;
  readonly #casts: Casts;
  /** The names that new clients of this node want. */
  readonly #wanted = new Map<string, Set<NameClaim>>();
  /** By node and name: this node has just answered that no client here has the name. */
  readonly #granted = new Set<string>();
  /** When sessions took their names. A session keeps its claim when it moves. */
  readonly #claims = new WeakMap<Session, NameClaim>();

  constructor(hub: Hub, letters: Letters, peers: Peers, casts: Casts) {
    this.#hub = hub;
    this.#letters = letters;
    this.#peers = peers;
    this.#casts = casts;
    hub.entrance.keeper = this;
    casts.onClaim = (claim) => this.#hear(claim);
    casts.onNameDoubt = (name) => this.#repeat(name);
    letters.on('name?', (claim: NameClaim) => this.#holds(claim));
  }

  async mayTake(name: string): Promise<boolean> {
    const waiting = this.#peers.whenHeard();
    if (waiting) await waiting;
    const claim = this.#claim(name);
    const wanted = this.#wanted.get(name) ?? new Set();
    this.#wanted.set(name, wanted.add(claim));
    const drop = (): void => {
      wanted.delete(claim);
      if (wanted.size === 0 && this.#wanted.get(name) === wanted) this.#wanted.delete(name);
    };
    const ask = (node: string): Promise<unknown> => this.#letters.ask(node, 'name?', claim, ANSWER_MS);
    const answers = await Promise.all(this.#peers.alive.map(ask));
    if (answers.includes(true)) drop();
    else setTimeout(drop, KEPT_MS).unref();
    return !answers.includes(true);
  }

  took(session: Session, name: string, known: Promise<void> | undefined): void {
    this.#wanted.delete(name); // from now on the session has it
    if (this.#hub.entrance.duplicates === 'both') return;
    const claim = this.#claim(name);
    this.#claims.set(session, claim);
    void this.#announce(session, claim, known);
  }

  async #announce(session: Session, claim: NameClaim, known: Promise<void> | undefined): Promise<void> {
    const tookAt = performance.now();
    // If two nodes claim a name at the same time, at least one of them hears the other.
    await known;
    const waiting = this.#peers.whenHeard();
    if (!waiting) return this.#casts.claim(claim);
    await waiting; // the clock of a node that starts may be late
    if (!isHere(session)) return this.#casts.claim(claim); // it has moved with this claim
    const { at } = this.#claim(claim.name);
    const timed = { ...claim, at: at - (performance.now() - tookAt) };
    this.#claims.set(session, timed);
    this.#casts.claim(timed);
  }

  /** The claim of a session, for the node to which it moves. */
  claimOf(session: Session): NameClaim | undefined {
    return this.#claims.get(session);
  }

  /** A session comes from another node, with its claim. */
  arrives(session: Session, claim: NameClaim | undefined): void {
    if (claim) this.#claims.set(session, claim);
  }

  #claim(name: string): NameClaim {
    return { name, at: this.#peers.clock.now(), node: this.#letters.node };
  }

  /** Whether a client of this node has a name, or wants it with an earlier claim. */
  async #holds(claim: NameClaim): Promise<boolean> {
    const goesFirst = [...(this.#wanted.get(claim.name) ?? [])].some((own) => isBefore(own, claim));
    const isHeld = goesFirst || (await this.#hub.entrance.holds(claim.name));
    if (!isHeld) this.#grant(claim);
    return isHeld;
  }

  #grant({ node, name }: NameClaim): void {
    const key = `${node} ${name}`;
    this.#granted.add(key);
    setTimeout(() => this.#granted.delete(key), KEPT_MS).unref();
  }

  /**
   * A client of another node took a name: sessions that had it before end. With `refuse`, one that has a link ends only if it came back after
   * this node had granted the name. The claims of sessions that took it later are repeated.
   */
  #hear(claim: NameClaim): void {
    const { duplicates } = this.#hub.entrance;
    if (duplicates === 'both') return;
    const sessions = this.#hub.messaging.names.sessions(claim.name);
    const isKept = duplicates === 'refuse' && !this.#granted.has(`${claim.node} ${claim.name}`);
    const isFormer = (session: Session): boolean => {
      if (isKept && session.outlet) return false;
      const own = this.#claims.get(session);
      return !own || isBefore(own, claim);
    };
    const present = sessions.filter((session) => session.redirect?.is !== 'gone');
    this.#hub.entrance.replace(present.filter(isFormer));
    for (const session of present) {
      const own = this.#claims.get(session);
      if (own && isHere(session) && isBefore(claim, own)) this.#casts.claim(own);
    }
  }

  /** Other nodes may have missed the claims of a name. */
  #repeat(name: string): void {
    for (const session of this.#hub.messaging.names.sessions(name)) {
      const claim = this.#claims.get(session);
      if (claim && isHere(session)) this.#casts.claim(claim);
    }
  }
}
