import type { StateOptions } from '../state/state.js';
import type { Fetched, FetchedRow } from './fetched.js';
import type { Who } from './fetches.js';
import type { RowId } from './row-id.js';

/** How an entity's rows are read. */
export interface EntityOptions<T, Context = unknown> {
  /** Reads one row. Returns the row, `null` if there is none, `fetched(…)`, or `'denied'`. It sees the audience and not the client. */
  readonly fetch?: (id: string, who: Who<Context>) => Fetched<T> | Promise<Fetched<T>>;
  /** Reads all rows that one tick brings together. Ids that the map lacks do not exist. Its keys may be numbers. Used in place of `fetch`. */
  readonly fetchMany?: (
    ids: readonly string[],
    who: Who<Context>,
  ) => ReadonlyMap<RowId, Fetched<T>> | Promise<ReadonlyMap<RowId, Fetched<T>>>;
  /**
   * Which clients share a row. Default: all. `'user'`: a row for each identity, fetched with its newest context; anonymous clients are
   * denied. A function: a row for each key that it returns, for instance a tenant, a role or a language.
   */
  readonly audience?: 'user' | ((context: Context) => string);
  /** Fetches at a time; default 8. */
  readonly concurrency?: number;
  /** How long a fetch may take, in ms; default 10,000. */
  readonly timeout?: number;
  /** An older row is sent immediately and fetched again, when a client asks and while clients watch, in ms; default: rows do not age. */
  readonly maxAge?: number;
  /** How long a row is kept after its last client, in ms; default 30,000. */
  readonly linger?: number;
  /** Identifies the rows of lists inside a row; see the option `key` of states. */
  readonly key?: StateOptions['key'];
  /** Compares two versions: negative if `a` is older. Default: numbers and texts of digits by value, other texts by `<`. */
  readonly compare?: (a: string | number, b: string | number) => number;
}

/** The content of an entity. */
export interface EntityStats {
  readonly rows: number;
  /** Rows that clients watch. */
  readonly watched: number;
  /** Fetches under way. */
  readonly fetching: number;
  /** Rows whose last fetch failed. */
  readonly failed: number;
}

/** The rows of one type. */
export interface Entity<T> {
  /**
   * Some rows have changed: those that clients watch are fetched again, once for all their clients.
   *
   * @param ids 7 and '7' are one row
   * @param audience the only audience that is concerned; default: all
   * @throws VeloxError `bad-option` for an id that is neither a string nor a number, and for an audience of an entity without audiences.
   */
  notify(ids: RowId | readonly RowId[], audience?: string): void;
  /**
   * The application has a row: clients receive it without a fetch.
   *
   * @param value the row, or what `fetched()` returns for it
   * @param options `version` (an older one is ignored), and `audience`, which an entity with audiences requires
   * @throws VeloxError `not-json`, `too-deep`, `bad-option`. The row is then as it was.
   */
  put(id: RowId, value: T | null | FetchedRow<T>, options?: PutOptions): void;
  stats(): EntityStats;
}

/** Additions to a row that is put. */
export interface PutOptions {
  readonly version?: string | number;
  readonly audience?: string;
}
