import type { StateOptions } from '../state/state.js';
import type { Changes } from './changes.js';
import type { CompareRows } from './compare-versions.js';
import type { Job } from './fetches.js';

/** The functions of an entity that its rows need. */
export interface RowHost {
  /** The options of the row's state. */
  readonly stateOptions: Pick<StateOptions, 'key'>;
  readonly compare: CompareRows;
  readonly changes: Changes;
  /** Queues a fetch. */
  readonly fetch: (job: Job) => void;
  /** The code for an error, which is reported unless it is a time-out. */
  readonly codeOf: (error: unknown) => string;
  /** Rows that were read along by a fetch that began at the moment `began`. */
  readonly onRelated: (related: ReadonlyMap<string, unknown>, began: number) => void;
  /** Opens the row's topic again for all sessions that want it. */
  readonly reask: (id: string) => void;
  /** The same for the sessions that were denied, or told that there is no value. */
  readonly reaskRefused: (id: string) => void;
  /** No client may watch the row any more. */
  readonly onIdle: (id: string, audience: string | undefined) => void;
}
