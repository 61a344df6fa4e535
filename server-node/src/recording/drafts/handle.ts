import { VeloxError } from '@velox/core/protocol';
import type { Key } from '../copy.js';
import { isContainer } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import type { Source } from '../tree/source.js';
import type { Intake, Origins } from './intake.js';
import type { Tree } from '../tree/tree.js';

/** One life of drafts: a recipe, or a state's whole life. */
export interface DraftScope extends Origins {
  readonly tree: Tree;
  readonly intake: Intake;
  readonly alive: boolean;
  readonly isLasting: boolean;
  /** Whether something was written, perhaps without effect. */
  wrote: boolean;
  /** Fetches one member of the object that the container of `node` copies. */
  meet(node: Node, key: string, source: Source): void;
  /** Fetches the writes to the object that the container of `node` copies. */
  pull(node: Node): void;
  /** Returns the items of an array, with followed objects in place of their copies. */
  objectsOf(node: Node): readonly unknown[];
  /** Returns the draft of a container. */
  draft(node: Node): object;
  /** Returns the proxy of a container that outlasts recipes. */
  lasting(node: Node): object;
  /** Returns the value that a reader gets for `value`, which is stored under `key` of `parent`. */
  wrap(value: unknown, parent: Node, key: Key): unknown;
  /** Returns the value that a reader gets for `value`, which was just removed from `parent`. */
  wrapRemoved(value: unknown, parent: Node): unknown;
  /** Writes `value` as an application gives it: under `key` of an object, or at an index up to the length of an array. */
  assign(node: Node, key: Key, value: unknown): void;
  /** Ends a write: moves parts that were inserted first and removed second. */
  rejoin(): void;
}

/** A draft answers this key with its {@link Handle}. */
export const HANDLE: unique symbol = Symbol('velox.draft');

/** The container behind a draft, and the scope that made the draft. */
export interface Handle {
  readonly scope: DraftScope;
  readonly node: Node;
}

export function handleOf(value: unknown): Handle | undefined {
  return (value as { [HANDLE]?: Handle })[HANDLE];
}

/** The container that a draft stands for; anything else is itself. */
export function behind(value: unknown): unknown {
  return isContainer(value) ? (handleOf(value)?.node.target ?? value) : value;
}

export function revoked(): VeloxError {
  return new VeloxError(
    'draft-revoked',
    'a draft was used after its recipe. Copy what you need inside the recipe.',
  );
}
