import { VeloxError } from '@velox/core/protocol';
import { ignoreErrors, type ErrorEmitter } from '../../cluster/ignore-errors.js';
import type { PostgresClient } from './client.js';

/**
 * Returns a client that an application gives as `within`. A pool would run each query on another connection, outside of the transaction.
 *
 * @throws VeloxError `bad-option`.
 */
export function clientOf(within: unknown): PostgresClient {
  const { query, totalCount } = (within ?? {}) as { query?: unknown; totalCount?: unknown };
  if (typeof query === 'function' && totalCount === undefined) {
    // A pool gives its clients out without a listener, and a lost connection would end the process.
    if (typeof (within as Partial<ErrorEmitter>).on === 'function') ignoreErrors(within as ErrorEmitter);
    return within as PostgresClient;
  }
  throw new VeloxError(
    'bad-option',
    '`within` is not a client of node-postgres. Pass the one that ran BEGIN.',
  );
}

/** The answer to an append within a transaction. */
export interface WithinRow {
  readonly isAppended: boolean;
  /** Names the transaction. */
  readonly transaction: string;
}

/**
 * The appends within transactions that were refused. Such an append is repeated after the node has caught up, and the application may have
 * ended the transaction meanwhile: the repetition must not be committed alone, or by the next transaction of the client.
 */
export class Refusals {
  /** By client and tag: the transaction. */
  readonly #transactions = new WeakMap<PostgresClient, Map<string, string>>();

  /** Returns the transaction that an append has to be part of; undefined if it was not refused before. */
  transactionOf(client: PostgresClient, tag: string | undefined): string | undefined {
    return tag === undefined ? undefined : this.#transactions.get(client)?.get(tag);
  }

  add(client: PostgresClient, tag: string, transaction: string): void {
    const known = this.#transactions.get(client) ?? new Map<string, string>();
    for (const [other, former] of known) if (former !== transaction && other !== tag) known.delete(other);
    // The first refusal names the transaction: at the next one it may have ended.
    if (!known.has(tag)) known.set(tag, transaction);
    this.#transactions.set(client, known);
  }
}
