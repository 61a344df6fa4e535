import { AsyncLocalStorage } from 'node:async_hooks';
import type { Versioned } from './versioned.js';

/** Follows the changes that a piece of the application's code makes. */
export interface Cause {
  /** The code has changed a value: the change is part of that version, or will be. */
  note(versioned: Versioned, version: number): void;
  /** The code has announced a change of a value. The returned function is called when `note` was, or will not be. */
  expect(versioned: Versioned): () => void;
}

const NONE: readonly Cause[] = [];

/** Created with the first cause: it makes each `await` of the process slower. */
let running: AsyncLocalStorage<readonly Cause[]> | undefined;

/** Whether there was a cause in this process. */
export const hasCauses = (): boolean => running !== undefined;

/** The causes of the code that runs, also after it has awaited something. */
export const currentCauses = (): readonly Cause[] => running?.getStore() ?? NONE;

/** Runs code whose changes belong to these causes alone, also those that it makes after it has awaited something. */
export function runAs<R>(causes: readonly Cause[], code: () => R): R {
  if (causes.length === 0 && !running) return code();
  return (running ??= new AsyncLocalStorage<readonly Cause[]>()).run(causes, code);
}

/** The code that runs has changed a value: the change will be part of that version. */
export function noteChange(versioned: Versioned, version: number): void {
  const causes = running?.getStore();
  if (causes) for (const cause of causes) cause.note(versioned, version);
}
