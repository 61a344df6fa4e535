import { AsyncLocalStorage } from 'node:async_hooks';
import type { Versioned } from './versioned.js';

/** Follows the changes that a piece of the application's code makes. */
export interface Cause {
  /** The code has changed a value: the change is part of that version, or will be. */
  note(versioned: Versioned, version: number): void;
}

/** Created with the first cause: it makes each `await` of the process slower. */
let running: AsyncLocalStorage<Cause> | undefined;

/** Whether there was a cause in this process. */
export const hasCauses = (): boolean => running !== undefined;

/** Runs code whose changes belong to a cause, also those that it makes after it has awaited something. */
export function runAs<R>(cause: Cause, code: () => R): R {
  return (running ??= new AsyncLocalStorage<Cause>()).run(cause, code);
}

/** The code that runs has changed a value: the change will be part of that version. */
export function noteChange(versioned: Versioned, version: number): void {
  running?.getStore()?.note(versioned, version);
}
