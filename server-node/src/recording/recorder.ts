import { adoptRoot } from './drafts/adopt.js';
import type { Intake } from './drafts/intake.js';
import { DEFAULT_DEPTH } from './copy.js';
import { delta } from './patch/delta.js';
import { Differ } from './diff/diff.js';
import { Scope } from './drafts/scope.js';
import { Facade } from './drafts/facade.js';
import { noPromise, replacement } from './drafts/recipe.js';
import { Sources } from './drafts/sources.js';
import type { Node } from './tree/node.js';
import { rowKeys, type KeyOption, type RowKeys } from './diff/row-key.js';
import { measure } from './patch/size.js';
import { ROOT, Tree } from './tree/tree.js';
import type { ChangeListener } from './tree/change-listener.js';
import { createStateHash, report, type Budget, type StateHash } from '@velox/core/protocol';

export interface RecorderOptions {
  /** How many containers may nest; default 500. */
  readonly depth?: number | undefined;
  /** What identifies a row of a list in `reconcile`; default: its `id`, `key` or `_id`. */
  readonly key?: KeyOption | RowKeys | undefined;
  /** Keeps members whose name begins with `$`. Default: they are left out. */
  readonly keep$?: boolean | undefined;
  /** Receives the JSON pointer of the first member that is left out. */
  readonly onOmit?: (path: string) => void;
  /** Receives errors of objects that were assigned to the live value and got a member that JSON cannot carry. Default: {@link report}. */
  readonly onError?: (error: unknown) => void;
}

/** A JSON value in place that records its changes. The value is a tree of copies: no part of it is the application's. */
export interface Recorder<T> {
  /** The same reference until the root itself is replaced. */
  readonly value: T;
  /** Whether something was written since the last `take`. It may have been undone. */
  readonly dirty: boolean;
  /** The exact length of the value's JSON text as of the last `take`; measured once, at the first call. */
  readonly size: number;
  /**
   * The hash of the value as of the last `take`. Only parts that were written since the last call are hashed again.
   *
   * @returns undefined if the budget was too small
   */
  hash(budget?: Budget): string | undefined;
  /**
   * Changes the value by a recipe that mutates a draft of it, or that returns a new value and mutates nothing. The return value of
   * a recipe that wrote is ignored. A recipe inside a recipe is part of it; if it throws, only its own changes are undone.
   *
   * @throws the error that the recipe throws; VeloxError `not-json`, `too-deep`, `draft-revoked`, `async-recipe`. The value is then
   *   as before, except for the order of keys.
   */
  update(recipe: (draft: T) => T | void): void;
  /**
   * Runs a recipe as `update` does, and undoes it: value, `dirty` and the next `take` are as if it had not run,
   * except for the order of keys.
   *
   * @returns the patch that leads from the present value to the proposed one, as `take` would return it
   * @throws as `update`
   */
  propose(recipe: (draft: T) => T | void): string | undefined;
  /**
   * Makes the value equal `next` and keeps the equal parts; see {@link Differ}.
   *
   * @throws VeloxError `not-json`, `too-deep`. The value is then as it was.
   */
  reconcile(next: unknown, options?: { previous?: unknown }): void;
  /** A draft of the root that lasts; for a root that is no object or array, the root. */
  live(): T;
  /**
   * Returns the changes since the last call: the text of a JSON Patch (RFC 6902), undefined if nothing differs. It may be longer than
   * the text of the value; compare it with `size`.
   */
  take(): string | undefined;
  /** Releases all that can be created again, unless something was written or a draft lasts. Not to be called in a recipe. */
  rest(): void;
}

/**
 * @param listener is notified of the first write since each `take`
 * @throws VeloxError `not-json`, `too-deep` if `initial` cannot be held as JSON. undefined becomes null.
 */
export function createRecorder<T>(
  initial: T,
  options: RecorderOptions = {},
  listener?: ChangeListener,
): Recorder<T> {
  return new TreeRecorder(initial, options, listener);
}

const DEFAULT_KEYS = rowKeys(undefined);

/** Parts that many recorders never need are created on need: a hub may hold 100,000 states of one row each. */
class TreeRecorder<T> implements Recorder<T>, Intake {
  readonly depth: number;
  /** Until the value is written or drafted. */
  #initial: unknown;
  /** Unset until then. */
  #started: Tree | undefined;
  readonly #listener: ChangeListener | undefined;
  readonly #keys: RowKeys;
  readonly #onError: (error: unknown) => void;
  readonly #keeps$: boolean;
  /** Until it was called. */
  #onOmit: ((path: string) => void) | undefined;
  /** Our copies of the application's rows that have no key. */
  #rows: WeakMap<object, object> | undefined;
  #sources: Sources | undefined;
  #lasting: Scope | undefined;
  #differ: Differ | undefined;
  #size: number | undefined;
  #hashes: StateHash | undefined;

  constructor(initial: T, options: RecorderOptions, listener?: ChangeListener) {
    const { depth = DEFAULT_DEPTH, key, keep$, onOmit, onError = report } = options;
    this.#keeps$ = keep$ ?? false;
    this.#onOmit = onOmit;
    this.depth = depth;
    this.#onError = onError;
    this.#keys = key === undefined ? DEFAULT_KEYS : rowKeys(key);
    this.#listener = listener;
    const root = adoptRoot(initial, this, () => (this.#started ??= new Tree(listener))) ?? null;
    if (this.#started) this.#started.start(root);
    else this.#initial = root;
  }

  get #tree(): Tree {
    if (this.#started) return this.#started;
    const tree = (this.#started = new Tree(this.#listener));
    tree.start(this.#initial);
    this.#initial = undefined;
    return tree;
  }

  get #root(): unknown {
    return this.#started ? this.#started.root : this.#initial;
  }

  onRow(source: object, copy: object): void {
    this.#keys.remember?.(source, copy);
    if (!this.#keys.readerFor(source)) (this.#rows ??= new WeakMap<object, object>()).set(source, copy);
  }

  omits(_key: string, path?: () => string): boolean {
    if (this.#keeps$) return false;
    if (path && this.#onOmit) {
      const report = this.#onOmit;
      this.#onOmit = undefined;
      report(path());
    }
    return true;
  }

  binding(source: object): ((node: Node) => void) | undefined {
    if (!(source instanceof Facade)) return undefined;
    return (node) => source.bind(this.#tree, node, this.#lastingScope().lasting(node));
  }

  get value(): T {
    this.#sync();
    return this.#root as T;
  }

  get dirty(): boolean {
    const tree = this.#started;
    if (!tree) return false;
    this.#sync();
    tree.settle();
    return tree.dirty;
  }

  get size(): number {
    if (this.#size === undefined && this.#started?.dirty) return measure(this.#root);
    return (this.#size ??= measure(this.#root));
  }

  hash(budget?: Budget): string | undefined {
    return (this.#hashes ??= this.#createHashes()).of(this.#root, budget);
  }

  update(recipe: (draft: T) => T | void): void {
    this.#inDraft(recipe, (run) => this.#tree.attempt(run));
  }

  propose(recipe: (draft: T) => T | void): string | undefined {
    this.#sync();
    return this.#inDraft(recipe, (run) => this.#tree.rehearse(run, () => delta(this.#tree).patch));
  }

  reconcile(next: unknown, { previous }: { previous?: unknown } = {}): void {
    this.#sync();
    this.#sources?.close();
    this.#tree.nodes.duplicates.close();
    this.#differ ??= new Differ(this.#tree, this, this.#keys, (this.#rows ??= new WeakMap<object, object>()));
    this.#differ.run(next, previous);
  }

  live(): T {
    return this.#lastingScope().wrap(this.#tree.root, this.#tree.top, ROOT) as T;
  }

  take(): string | undefined {
    if (!this.dirty) return undefined;
    const { patch, growth } = delta(this.#tree);
    if (this.#size !== undefined) this.#size += growth;
    this.#tree.close();
    this.#sources?.forgetCopies();
    return patch;
  }

  rest(): void {
    const tree = this.#started;
    if (!tree || this.#lasting || this.dirty || this.#sources?.hasOpen) return;
    if (!(this.#differ?.isCurrent ?? tree.writes === 0)) return; // a new one would take the value to be the input of the last run
    this.#initial = tree.root;
    this.#started = this.#differ = this.#sources = this.#hashes = undefined;
  }

  /** Lets `perform` run a recipe on a draft, which ends with it. */
  #inDraft<R>(recipe: (draft: T) => T | void, perform: (run: () => void) => R): R {
    const tree = this.#tree;
    const scope = new Scope(tree, this, this.#openSources());
    try {
      return perform(() => {
        const draft = scope.wrap(tree.root, tree.top, ROOT) as T;
        const next = replacement(draft, noPromise(recipe(draft)), scope.wrote);
        if (next !== undefined) scope.assign(tree.top, ROOT, next);
        scope.finish();
      });
    } finally {
      scope.end();
    }
  }

  #openSources(): Sources {
    return (this.#sources ??= new Sources(this.#tree, this));
  }

  /** The scope of drafts that outlast recipes. Writes to objects that were assigned there count until the end of the tick. */
  #lastingScope(): Scope {
    if (this.#lasting) return this.#lasting;
    const lasting = (this.#lasting = new Scope(this.#tree, this, this.#openSources(), true));
    let isClosing = false;
    lasting.onOpen = () => {
      if (isClosing) return;
      isClosing = true;
      queueMicrotask(() => {
        isClosing = false;
        this.#sync();
        const error = lasting.close();
        if (error) this.#onError(error);
      });
    };
    return lasting;
  }

  /** Fetches the writes to assigned objects. Errors of a recipe's objects are thrown at its end. */
  #sync(): void {
    const sources = this.#sources;
    if (!sources?.hasOpen) return;
    sources.sync((error, scope) => {
      if (scope !== this.#lasting) return;
      sources.close(scope); // once, and not at each reading
      this.#onError(error);
    });
  }

  /**
   * A container that is written to has another hash then, and so has everything around it. That is noted immediately, and all the way up:
   * a part that is moved away, and back when that is undone, leaves no trace.
   */
  #createHashes(): StateHash {
    const hashes = createStateHash();
    this.#tree.onTouch = (node) => {
      for (let at: Node | undefined = node; at; at = at.parent) hashes.forget(at.target);
    };
    return hashes;
  }
}
