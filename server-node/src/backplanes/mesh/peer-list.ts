import { VeloxError } from '@velox/core/protocol';
import { inTime } from '../../cluster/in-time.js';
import type { Warnings } from './warnings.js';

/** For how long the application may take to list the nodes, in ms. */
const PATIENCE_MS = 5_000;
const TROUBLE = 'peers';

/** Lists the addresses of the nodes. */
export type ListPeers = (
  isConnected: (address: string) => boolean,
) => readonly string[] | Promise<readonly string[]>;

/** The addresses of the nodes. A list that is late or broken is no reason to forget them. */
export class PeerList {
  readonly #list: ListPeers;
  readonly #warnings: Warnings;

  constructor(list: ListPeers, warnings: Warnings) {
    this.#list = list;
    this.#warnings = warnings;
  }

  /** Resolves with undefined if there is no list. Never rejects. */
  async read(isConnected: (address: string) => boolean): Promise<string[] | undefined> {
    const late = (): Error => new Error(`no list within ${PATIENCE_MS} ms`);
    const list = async (): Promise<unknown> => this.#list(isConnected);
    try {
      const answer: unknown = await inTime(list(), PATIENCE_MS, late);
      if (!Array.isArray(answer)) throw new TypeError('the answer is no array');
      const addresses = (answer as unknown[]).filter(
        (each): each is string => typeof each === 'string' && each !== '',
      );
      if (addresses.length === answer.length) this.#warnings.end(TROUBLE);
      else this.#warn(new TypeError('an address is no text, or is empty'));
      return addresses;
    } catch (error) {
      this.#warn(error);
      return undefined;
    }
  }

  #warn(cause: unknown): void {
    const remedy = "Return an array of addresses within 5 s, such as ['app-1:7400', 'app-2:7400'].";
    const text = `the option "peers" of mesh() gave no complete list of nodes. ${remedy}`;
    this.#warnings.show(TROUBLE, new VeloxError('unavailable', text, { cause }));
  }
}
