import { isContainer } from '../protocol/container.js';
import type { Owned, Patch } from '../protocol/patch.js';

/** Freezes the containers that a batch of deltas copied, and nothing below them: their other members are frozen already. */
export function freezeAll(owned: Owned): void {
  for (const each of owned) Object.freeze(each);
}

/** Freezes the values that changes brought. */
export function freezeNews(patches: readonly Patch[]): void {
  for (const { value } of patches) freezeValue(value);
}

/** Freezes a value and everything in it, down to parts that are frozen already. */
export function freezeValue(value: unknown): void {
  if (!isContainer(value) || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const child of Object.values(value)) freezeValue(child);
}
