import { waitAtMost } from '../diagnostics/deadlines.js';
import { thenOrNow } from '../diagnostics/maybe-promise.js';
import { runAs, type Cause } from '../state/cause.js';
import type { Versioned } from '../state/versioned.js';
import { HOLD_MS } from '../topics/question.js';

/** How many calls are remembered after their reply, and how many changes of a value. */
const REMEMBERED = 100;

/** A change of a value by the handler of a call. */
interface Change {
  readonly call: number;
  readonly version: number;
}

/** The changes of values by the calls of a session, the oldest first. A value that nothing else holds is not kept. */
type Changes = WeakMap<Versioned, Change[]>;

/** Whether the client sees any of some values, or may when it has a link again. */
type IsShown = (values: ReadonlySet<Versioned>) => boolean;

/** One call, as the cause of changes until it is forgotten. */
class MadeCall implements Cause {
  readonly #call: number;
  readonly #changes: Changes;
  /** The lists that have changes of this call; undefined: it is forgotten. */
  #lists: Set<Change[]> | undefined = new Set();
  /** The values whose changes the handler has announced. */
  readonly #expected = new Set<Versioned>();
  #onTaken: () => void = () => undefined;

  constructor(call: number, changes: Changes) {
    this.#call = call;
    this.#changes = changes;
  }

  get hasChanged(): boolean {
    return this.#lists !== undefined && this.#lists.size > 0;
  }

  note(versioned: Versioned, version: number): void {
    if (!this.#lists) return;
    let changes = this.#changes.get(versioned);
    if (!changes) this.#changes.set(versioned, (changes = []));
    this.#lists.add(changes);
    const last = changes.at(-1);
    if (last?.call === this.#call && last.version === version) return;
    changes.push({ call: this.#call, version });
    if (changes.length > REMEMBERED) changes.shift();
  }

  expect(versioned: Versioned): () => void {
    this.#expected.add(versioned);
    return () => {
      this.#expected.delete(versioned);
      this.#onTaken();
    };
  }

  /** The reply need not wait any more. */
  release(): void {
    this.#expected.clear();
    this.#onTaken();
  }

  /** Resolves when the announced values have changed, as far as the client sees them; undefined: there are none. */
  whenTaken(isShown: IsShown): Promise<void> | undefined {
    if (!isShown(this.#expected)) return undefined;
    const taken = new Promise<void>((resolve) => {
      this.#onTaken = () => {
        if (!isShown(this.#expected)) resolve();
      };
    });
    return waitAtMost(taken, HOLD_MS);
  }

  forget(): void {
    for (const changes of this.#lists ?? []) {
      const others = changes.filter(({ call }) => call !== this.#call);
      changes.splice(0, changes.length, ...others);
    }
    this.#lists = undefined;
    this.release();
  }
}

/**
 * The optimistic calls of a session, and the revisions that they made. A client that loses its link may get such a revision on the next
 * one, so the last calls are remembered.
 */
export class MadeCalls {
  readonly #changes: Changes = new WeakMap();
  readonly #running = new Map<number, MadeCall>();
  readonly #ended = new Map<number, MadeCall>();
  readonly #isShown: IsShown;

  constructor(isShown: IsShown) {
    this.#isShown = isShown;
  }

  /**
   * Runs the handler of a call. A former call of the same number is forgotten.
   *
   * @returns its result; a promise of it while the client waits for a value that the handler has announced
   */
  run(call: number, handler: () => unknown): unknown {
    this.forget(call);
    const cause = new MadeCall(call, this.#changes);
    this.#running.set(call, cause);
    return thenOrNow(runAs([cause], handler), (result) => {
      const taken = cause.whenTaken(this.#isShown);
      return taken ? taken.then(() => result) : result;
    });
  }

  /** A call gets its reply. */
  ended(call: number): void {
    const cause = this.#running.get(call);
    if (!cause) return;
    this.#running.delete(call);
    cause.release();
    if (cause.hasChanged) this.#ended.set(call, cause);
    else cause.forget();
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED) this.forget(oldest as number);
  }

  /** The client does not wait for a call any more. */
  forget(call: number): void {
    for (const calls of [this.#running, this.#ended]) {
      calls.get(call)?.forget();
      calls.delete(call);
    }
  }

  /** The calls with changes in a step of a value, from one version to another: the present one if the value is computed. */
  within(versioned: Versioned, from: number, to: number): number[] {
    const { origin } = versioned;
    const changes = this.#changes.get(origin?.versioned ?? versioned);
    if (!changes) return [];
    const steps = origin?.stepsSince(from) ?? [{ from, to }];
    const [first] = steps;
    // The cost follows the changes since `from`, not all that are remembered.
    const before = first ? changes.findLastIndex(({ version }) => version <= first.from) : changes.length;
    const calls = changes
      .slice(before + 1)
      .filter(({ version }) => steps.some((step) => step.from < version && version <= step.to))
      .map(({ call }) => call);
    return [...new Set(calls)];
  }

  /** Forgets all calls, when the session has ended. */
  clear(): void {
    for (const calls of [this.#running, this.#ended]) for (const call of [...calls.keys()]) this.forget(call);
  }
}
