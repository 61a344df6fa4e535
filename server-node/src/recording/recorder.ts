import { adopt } from './drafts/adopt.js';
import type { Intake } from './drafts/intake.js';
import { DEFAULT_DEPTH } from './copy.js';
import { delta } from './patch/delta.js';
import { Differ } from './diff/diff.js';
import { Scope } from './drafts/draft.js';
import { Facade } from './drafts/facade.js';
import { replacement, synchronous } from './drafts/recipe.js';
import { Sources } from './drafts/sources.js';
import type { Node } from './tree/node.js';
import { rowKeys, type KeyOption } from './diff/row-key.js';
import { measure } from './patch/size.js';
import { ROOT, Tree } from './tree/tree.js';
import { createStateHash, report, type Budget, type StateHash } from '@velox/core/protocol';

export interface RecorderOptions {
  /** How many containers may nest; default 500. */
  readonly depth?: number;
  /** What identifies a row of a list in `reconcile`; default: its `id`, `key` or `_id`. */
  readonly key?: KeyOption;
  /** Called after the first write since a `take`; a recipe counts as one write. */
  readonly onChange?: () => void;
  /** Receives errors of objects that were assigned to the live value and got a member that JSON cannot carry. Default: {@link report}. */
  readonly onError?: (error: unknown) => void;
}

/** A JSON value in place that knows what was changed in it. The value is a tree of copies: nothing of it is the application's. */
export interface Recorder<T> {
  /** The same reference until the root itself is replaced. */
  readonly value: T;
  /** Something was written since the last `take`, perhaps undone since. */
  readonly dirty: boolean;
  /** The exact length of the value's JSON text as of the last `take`; measured once, at the first call. */
  readonly size: number;
  /**
   * The hash of the value as of the last `take`. Only what was written since the last call is looked at again.
   *
   * @returns undefined where the budget did not do.
   */
  hash(budget?: Budget): string | undefined;
  /**
   * Changes the value by a recipe that mutates a draft of it, or that returns a new value and mutates nothing (what a recipe
   * returns after a write is ignored). A recipe inside a recipe is part of it; if it throws, only its own changes are undone.
   *
   * @throws what the recipe throws; VeloxError `not-json`, `too-deep`, `draft-revoked`, `async-recipe`. The value is then as it
   *   was, but for the order of keys.
   */
  update(recipe: (draft: T) => T | void): void;
  /**
   * Makes the value equal `next` and keeps what is the same; see {@link Differ}.
   *
   * @throws VeloxError `not-json`, `too-deep`. The value is then as it was.
   */
  reconcile(next: unknown, options?: { previous?: unknown }): void;
  /** A draft of the root that lasts; for a root that is no object or array, the root. */
  live(): T;
  /**
   * What changed since the last call: the text of a JSON Patch (RFC 6902), undefined when nothing differs. It may be longer than
   * the text of the value, which whoever sends it finds out by `size`.
   */
  take(): string | undefined;
}

/** @throws VeloxError `not-json`, `too-deep` when `initial` cannot be held as JSON. undefined becomes null. */
export function createRecorder<T>(initial: T, options: RecorderOptions = {}): Recorder<T> {
  const { depth = DEFAULT_DEPTH, key, onChange = () => {}, onError = report } = options;
  const tree = new Tree(onChange);
  const keys = rowKeys(key);
  const rows = new WeakMap<object, object>();
  const intake: Intake = {
    depth,
    onRow(source, copy) {
      if (!keys(source)) rows.set(source, copy);
    },
    binding: (source) =>
      source instanceof Facade ? (node) => source.bind(tree, node, lasting.lasting(node)) : undefined,
  };
  const sources = new Sources(tree, intake);
  const lasting: Scope = new Scope(tree, intake, sources, true);
  /** Fetches what was written to assigned objects. Errors of a recipe's objects are thrown at its end. */
  const sync = (): void => {
    if (!sources.hasOpen) return;
    sources.sync((error, scope) => {
      if (scope !== lasting) return;
      sources.close(lasting); // once, and not at each reading
      onError(error);
    });
  };
  /** What was assigned to the live value counts until the end of the tick. */
  let isClosing = false;
  lasting.onOpen = () => {
    if (isClosing) return;
    isClosing = true;
    queueMicrotask(() => {
      isClosing = false;
      sync();
      sources.close(lasting);
    });
  };
  const differ = new Differ(tree, intake, keys, rows);
  tree.start(adopt(tree, tree.top, ROOT, initial, intake) ?? null);
  let size: number | undefined;
  let hashes: StateHash | undefined;
  /**
   * What is written, and all around it, has another hash then. It is noted at once, and all the way up: what is moved away, and back
   * when that is undone, leaves no trace.
   */
  const createHashes = (): StateHash => {
    const made = createStateHash();
    tree.onTouch = (node) => {
      for (let at: Node | undefined = node; at; at = at.parent) made.forget(at.target);
    };
    return made;
  };

  return {
    get value() {
      sync();
      return tree.root as T;
    },
    get dirty() {
      sync();
      tree.settle();
      return tree.dirty;
    },
    get size() {
      if (size === undefined && tree.dirty) return measure(tree.root);
      return (size ??= measure(tree.root));
    },
    hash(budget) {
      return (hashes ??= createHashes()).of(tree.root, budget);
    },
    update(recipe) {
      const scope = new Scope(tree, intake, sources);
      try {
        tree.attempt(() => {
          const draft = scope.wrap(tree.root, tree.top, ROOT) as T;
          const next = replacement(draft, synchronous(recipe(draft)), scope.wrote);
          if (next !== undefined) scope.assign(tree.top, ROOT, next);
          if (sources.hasOpen) sources.sync();
        });
      } finally {
        scope.alive = false;
        sources.close(scope);
      }
    },
    reconcile(next, { previous } = {}) {
      sync();
      sources.close();
      differ.run(next, previous);
    },
    live() {
      return lasting.wrap(tree.root, tree.top, ROOT) as T;
    },
    take() {
      sync();
      tree.settle();
      if (!tree.dirty) return undefined;
      const { patch, growth } = delta(tree);
      if (size !== undefined) size += growth;
      tree.close();
      return patch;
    },
  };
}
