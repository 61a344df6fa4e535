import { VeloxError } from '@velox/core/protocol';
import { copyIn, DEFAULT_DEPTH } from './copy.js';
import { delta } from './delta.js';
import type { Intake } from './adopt.js';
import { Differ } from './diff.js';
import { rowKey, type KeyOption } from './row-key.js';
import { Scope } from './draft.js';
import { measure } from './size.js';
import { ROOT, Tree } from './tree.js';

export interface RecorderOptions {
  readonly depth?: number;
  readonly key?: KeyOption;
  readonly onChange?: () => void;
}

export interface Recorder<T> {
  readonly value: T;
  readonly dirty: boolean;
  readonly size: number;
  update(recipe: (draft: T) => T | void): void;
  reconcile(next: unknown, options?: { previous?: unknown }): void;
  take(): string | undefined;
}

export function createRecorder<T>(initial: T, options: RecorderOptions = {}): Recorder<T> {
  const { depth = DEFAULT_DEPTH, key, onChange = () => {} } = options;
  const memory = new WeakMap<object, object>();
  const keyOf = rowKey(key);
  const intake: Intake = {
    depth,
    onRow(source, copy) {
      if (keyOf(source) === undefined) memory.set(source, copy);
    },
  };
  const tree = new Tree(copyIn(initial, intake) ?? null, onChange);
  const differ = new Differ(tree, intake, keyOf, memory);
  let size: number | undefined;

  return {
    get value() {
      return tree.root as T;
    },
    get dirty() {
      return tree.dirty;
    },
    get size() {
      if (tree.dirty) return size ?? measure(tree.root);
      return (size ??= measure(tree.root));
    },
    update(recipe) {
      tree.attempt(() => {
        const scope = new Scope(tree, intake);
        try {
          const result: unknown = recipe(scope.wrap(tree.root, tree.top, ROOT) as T);
          if (isThenable(result)) {
            result.then(undefined, () => {});
            throw new VeloxError('async-recipe', 'a recipe returned a promise. Await first, then update.');
          }
          if (result !== undefined && !scope.wrote) scope.assign(tree.top, ROOT, result);
        } finally {
          scope.alive = false;
        }
      });
    },
    reconcile(next, { previous } = {}) {
      differ.run(next, previous);
    },
    take() {
      if (!tree.dirty) return undefined;
      const { patch, growth } = delta(tree);
      if (size !== undefined) size += growth;
      tree.close();
      return patch;
    },
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function';
}
