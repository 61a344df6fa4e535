import { VeloxError } from './error.js';
import type { Operation } from './protocol.js';

/** In memory, a change has immer's form: the path as an array of keys and indices. */
export interface Patch {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: readonly (string | number)[];
  readonly value?: unknown;
}

/** Containers that were copied in this step and that nobody outside has seen: they may be written in place. */
export type Owned = Set<object>;

export function apply(value: unknown, operations: readonly Operation[], owned: Owned = new Set()): unknown {
  void operations;
  void owned;
  throw new VeloxError('bad-patch', `apply is being written ${typeof value}`);
}
