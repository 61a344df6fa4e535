import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Addresses } from './addresses.js';
import { clientAddress, senderAddress, type Sender } from './client-address.js';
import { UNKNOWN_CLIENT, type ClientInfo } from './client-info.js';

/** Takes the place of a request that no code will read, so it need not be kept. */
const NOBODY: Sender = {
  request: new IncomingMessage(new Socket()),
  header: () => undefined,
  addressKey: undefined,
};

/** The network addresses from which requests come. */
export class Senders {
  readonly #addresses: Addresses;
  readonly #trustProxy: number | undefined;

  constructor(addresses: Addresses, trustProxy: number | undefined) {
    this.#addresses = addresses;
    this.#trustProxy = trustProxy;
  }

  /** Returns the key of a sender's address, if it has limits. */
  keyOf(sender: Sender): string | undefined {
    if ('addressKey' in sender) return sender.addressKey;
    return this.#addresses.isUnlimited ? undefined : clientAddress(sender, this.#trustProxy);
  }

  /** Returns the sender without its request, with the same key. */
  withoutRequest(sender: Sender): Sender {
    const addressKey = this.keyOf(sender);
    return addressKey === undefined ? NOBODY : { ...NOBODY, addressKey };
  }

  /** Counts a request for a session of another server that was not there. */
  miss(sender: Sender): void {
    const address = this.keyOf(sender);
    if (address !== undefined) this.#addresses.miss(address);
  }

  /** Whether the address of a sender has sent too many such requests. */
  hasTooManyMisses(sender: Sender): boolean {
    const address = this.keyOf(sender);
    return address !== undefined && this.#addresses.hasTooManyMisses(address);
  }

  /** Returns the request of a link, as the application sees it. */
  infoOf(sender: Sender | undefined): ClientInfo {
    if (!sender) return UNKNOWN_CLIENT;
    const { request, header } = sender;
    const address = senderAddress({ request, header }, this.#trustProxy);
    return { address, userAgent: header('user-agent'), header };
  }
}
