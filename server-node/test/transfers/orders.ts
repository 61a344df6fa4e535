import type { Operation } from '@velox/core/protocol';
import { apply } from '@velox/core/protocol';
import type { Opened } from '../../src/cluster/log.js';
import type { NodeProcess } from '../rig/node-process.js';

/** The topic: what the rows of `accounts` and `transfers` say, too. */
export interface Ledger {
  balances: number[];
  transfers: number;
}

export const TOPIC = 'ledger';

/** Moves money from an account to another one. `isRefused`: the transaction is rolled back after all. */
export interface Transfer {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly amount: number;
  readonly isRefused: boolean;
}

/** The settings of a node. */
export interface Setup {
  readonly port: number;
  readonly accounts: number;
}

/** A server of the bank, in a process of its own. */
export type BankNode = NodeProcess<Transfer>;

/** The ledger of a bank that has done nothing yet. */
export const newLedger = (accounts: number): Ledger => ({
  balances: Array<number>(accounts).fill(1_000),
  transfers: 0,
});

/** The value of a topic as the log has it. */
export function ledgerOf({ snapshot, revisions }: Opened): Ledger {
  const steps = revisions.flatMap(({ patch }) => JSON.parse(patch) as Operation[]);
  return apply(JSON.parse(snapshot.value), steps) as Ledger;
}
