import { adopt } from './drafts/adopt.js';
import type { Intake } from './drafts/intake.js';
import { DEFAULT_DEPTH } from './copy.js';
import { delta } from './patch/delta.js';
import { Differ } from './diff/diff.js';
import { Scope } from './drafts/draft.js';
import { Facade } from './drafts/facade.js';
import { synchronous } from './drafts/recipe.js';
import type { Node } from './tree/node.js';
import { rowKeys, type KeyOption } from './diff/row-key.js';
import { measure } from './patch/size.js';
import { ROOT, Tree } from './tree/tree.js';
import { createStateHash, type Budget, type StateHash } from '@velox/core/protocol';

export interface RecorderOptions {
  /** How many containers may nest; default 500. */
  readonly depth?: number;
  /** What identifies a row of a list in `reconcile`; default: its `id`, `key` or `_id`. */
  readonly key?: KeyOption;
  /** Called after the first write since a `take`; a recipe counts as one write. */
  readonly onChange?: () => void;
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
  const { depth = DEFAULT_DEPTH, key, onChange = () => {} } = options;
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
  const lasting = new Scope(tree, intake, true);
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
      return tree.root as T;
    },
    get dirty() {
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
      const scope = new Scope(tree, intake);
      try {
        tree.attempt(() => {
          const result: unknown = synchronous(recipe(scope.wrap(tree.root, tree.top, ROOT) as T));
          if (result !== undefined && !scope.wrote) scope.assign(tree.top, ROOT, result);
        });
      } finally {
        scope.alive = false;
      }
    },
    reconcile(next, { previous } = {}) {
      differ.run(next, previous);
    },
    live() {
      return lasting.wrap(tree.root, tree.top, ROOT) as T;
    },
    take() {
      tree.settle();
      if (!tree.dirty) return undefined;
      const { patch, growth } = delta(tree);
      if (size !== undefined) size += growth;
      tree.close();
      return patch;
    },
  };
}
