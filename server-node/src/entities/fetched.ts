import { checkGiven, expected, VeloxError, type Checks } from '@velox/core/protocol';

/** A row with its version and its related rows. */
export class FetchedRow<T> {
  readonly value: T | null;
  readonly version: string | number | undefined;
  readonly related: ReadonlyMap<string, unknown>;

  constructor(value: T | null, { version, related = {} }: FetchedOptions) {
    this.value = value;
    this.version = version;
    this.related = new Map(Object.entries(related));
  }
}

/** Additions to a fetched row. */
export interface FetchedOptions {
  /** The application's own version of the row: a number, or a text. A row with an older version never replaces a newer one. */
  readonly version?: string | number;
  /** Rows that were read along, by topic: `{ 'users/7': user }`. */
  readonly related?: Readonly<Record<string, unknown>>;
}

const isByTopic = (related: unknown): boolean =>
  typeof related === 'object' &&
  related !== null &&
  Object.keys(related).every((topic) => topic.includes('/'));

const FETCHED: Checks<FetchedOptions> = {
  version: () => undefined, // `compare` knows which ones it takes
  related: expected('an object of rows by topic, such as "users/7"', isByTopic),
};

/** The result of a fetch: the row, `null` if it does not exist, a row with additions, or `'denied'`. */
export type Fetched<T> = T | null | undefined | FetchedRow<T> | 'denied';

/**
 * Adds a version or related rows to a fetched row.
 *
 * @throws VeloxError `bad-option`.
 * @example return fetched(order, { version: order.updated_at, related: { [`users/${user.id}`]: user } })
 */
export function fetched<T>(value: T | null, options: FetchedOptions = {}): FetchedRow<T> {
  checkGiven('fetched()', options, FETCHED);
  return new FetchedRow(value, options);
}

/**
 * The row of `put()`: with the additions of `fetched()`, or with those beside it.
 *
 * @throws VeloxError `bad-option`.
 */
export function readPut(value: unknown, options: Pick<FetchedOptions, 'version'>): FetchedRow<unknown> {
  if (!(value instanceof FetchedRow)) return fetched(value, options);
  if (Object.keys(options).length === 0) return value;
  throw new VeloxError('bad-option', 'put() got a version beside a fetched row. Pass it to fetched().');
}

/** Brings the results of a fetch into one form. */
export function readFetched(result: unknown): FetchedRow<unknown> | 'denied' {
  if (result === 'denied' || result instanceof FetchedRow) return result;
  return new FetchedRow(result ?? null, {});
}
