import { VeloxError } from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import { whenRejected } from '../diagnostics/maybe-promise.js';
import type { Snapshot } from '../state/state.js';
import type { RevisionListener, Versioned } from '../state/versioned.js';
import { LINGER_MS } from '../topics/broadcasts.js';
import type { Opened, Source } from '../topics/source.js';
import { audienceKey } from './audience-key.js';
import { DerivedState, VIEW_FAILED, type DerivedHost } from './derived-state.js';
import { freeze } from './freeze.js';

/** How long an audience is kept after its last client, in ms. */
const AUDIENCE_LINGER_MS = 30_000;

/** How often clients that were denied an audience are asked again while there is room, in ms. */
const OFFER_MS = 1_000;

/** The parts of a viewed topic. */
export interface ViewSourceOptions {
  readonly audience: (context: unknown) => unknown;
  /** The parts that all audiences share. */
  readonly host: DerivedHost;
  /** The most audiences. */
  readonly limit: number;
  /** The audience of a client could not be determined. */
  readonly onFailure: (error: unknown) => void;
  /** Opens the topic again for the sessions that have no value of it yet. */
  readonly reopen: () => void;
  /** Opens the topic again for those of the sessions that were denied it as `too-many` for which `isDue` is true. */
  readonly reopenDenied: (isDue: (admission: Admission) => boolean) => void;
}

interface Held {
  readonly key: string;
  readonly derived: DerivedState;
}

/** The values of one topic by audience. Each is a broadcast of its own: with an id, versions, history and a compression window. */
export class ViewSource implements Source {
  readonly #options: ViewSourceOptions;
  readonly #audiences = new Map<string, Held>();
  /** The audiences that no client wants, the longest unwanted first, each with the timer of its end. */
  readonly #unwanted = new Map<Held, NodeJS.Timeout>();
  /** The audiences whose view has failed, and which clients wait for. */
  readonly #failed = new Set<Held>();
  /** Listens to the source while clients wait for a view to succeed. */
  readonly #retrying: RevisionListener = { onRevision: () => this.#retry() };
  /** Whether a client was denied an audience, and may wait for one. */
  #hasDenied = false;
  #offering: NodeJS.Timeout | undefined;

  constructor(options: ViewSourceOptions) {
    this.#options = options;
  }

  /** How many audiences there are. */
  get size(): number {
    return this.#audiences.size;
  }

  open(_topic: string, { context }: Admission): Opened {
    const key = this.#keyOf(context);
    if (key === undefined) return { stale: VIEW_FAILED, id: undefined };
    const held = this.#audiences.get(key) ?? this.#create(key);
    if (!held) {
      this.#hasDenied = true;
      return { denied: 'too-many' };
    }
    if (!held.derived.isCurrent) return this.#fail(held);
    clearTimeout(this.#unwanted.get(held));
    this.#unwanted.delete(held);
    return held.derived;
  }

  release(_topic: string, versioned: Versioned): void {
    for (const held of this.#audiences.values())
      if (held.derived === versioned) this.#leave(held, AUDIENCE_LINGER_MS - LINGER_MS);
  }

  /**
   * The value of an audience with its position. The audience is kept for a while, so that a client can start from the position.
   *
   * @throws VeloxError `too-many`, `not-json`; the view's error, if it fails.
   */
  snapshot(audience: unknown): Snapshot<unknown> {
    const key = keyOf(audience);
    const held = this.#audiences.get(key) ?? this.#create(key);
    if (!held) {
      throw new VeloxError(
        'too-many',
        'there are as many audiences as limits.audiences allows. Raise it, or use fewer.',
      );
    }
    if (this.#unwanted.has(held)) this.#leave(held, AUDIENCE_LINGER_MS);
    const { derived } = held;
    if (!derived.isCurrent) throw derived.error;
    return { ...derived.position(), body: JSON.parse(derived.text()) as unknown };
  }

  /** Forgets all audiences. */
  close(): void {
    this.#hasDenied = false;
    for (const held of [...this.#audiences.values()]) this.#forget(held);
  }

  /** The key of a client's audience; undefined if that fails, which is reported. */
  #keyOf(context: unknown): string | undefined {
    try {
      return keyOf(this.#options.audience(context));
    } catch (error) {
      this.#options.onFailure(error);
      return undefined;
    }
  }

  /** Adds an audience that no client wants yet; undefined if the limit is reached and all others are wanted. */
  #create(key: string): Held | undefined {
    if (this.#audiences.size >= this.#options.limit) {
      const [longest] = this.#unwanted.keys();
      if (!longest) return undefined;
      this.#forget(longest);
    }
    // Created from the key: a view can see nothing that the key omits.
    const audience = JSON.parse(key) as unknown;
    freeze(audience);
    const held = { key, derived: new DerivedState(audience, this.#options.host) };
    this.#audiences.set(key, held);
    this.#leave(held, AUDIENCE_LINGER_MS);
    return held;
  }

  /** No client wants an audience from now on; it is forgotten after some ms. */
  #leave(held: Held, ms: number): void {
    clearTimeout(this.#unwanted.get(held));
    this.#unwanted.delete(held); // to be the last one
    this.#unwanted.set(held, setTimeout(() => this.#forget(held), ms).unref());
    this.#offer();
  }

  #forget(held: Held): void {
    clearTimeout(this.#unwanted.get(held));
    this.#unwanted.delete(held);
    this.#audiences.delete(held.key);
    this.#failed.delete(held);
    if (this.#failed.size === 0) this.#endRetries();
    if (this.#audiences.size === 0) this.#options.host.shadow.forget();
    this.#offer();
  }

  /** There may be room for clients that were denied an audience. */
  #offer(): void {
    if (!this.#hasDenied || this.#offering) return;
    this.#offering = setTimeout(() => {
      this.#offering = undefined;
      const room = this.#options.limit - this.#audiences.size + this.#unwanted.size;
      if (this.#hasDenied && room > 0) this.#reopenDenied(room);
    }, OFFER_MS).unref();
  }

  /** Opens the topic for the clients of so many new audiences. All at once would ask the application for each client whenever one leaves. */
  #reopenDenied(room: number): void {
    const chosen = new Set<string>();
    this.#hasDenied = false;
    this.#options.reopenDenied(({ context }) => {
      const key = this.#keyOf(context);
      if (key === undefined || this.#audiences.has(key) || chosen.has(key)) return true;
      if (chosen.size < room) return !!chosen.add(key);
      this.#hasDenied = true;
      return false;
    });
    this.#offer();
  }

  /** The members keep the last value. A client that joins does not get it: it may hold secrets that the audience may not see any more. */
  #fail(held: Held): Opened {
    if (this.#unwanted.has(held)) this.#leave(held, AUDIENCE_LINGER_MS);
    this.#failed.add(held);
    this.#options.host.source.listen(this.#retrying);
    return { stale: VIEW_FAILED, id: held.derived.id };
  }

  /** The source has changed: views that have failed may succeed. */
  #retry(): void {
    const recovered = [...this.#failed].filter(({ derived }) => derived.isCurrent);
    for (const held of recovered) this.#failed.delete(held);
    if (this.#failed.size === 0) this.#endRetries();
    if (recovered.length > 0) this.#options.reopen();
  }

  #endRetries(): void {
    this.#options.host.source.unlisten(this.#retrying);
  }
}

/** @throws VeloxError `not-json`, also for a promise. */
function keyOf(audience: unknown): string {
  whenRejected(audience, () => undefined);
  return audienceKey(audience);
}
