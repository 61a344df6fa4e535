import { randomBytes } from 'node:crypto';
import { VeloxError } from '@velox/core/protocol';
import type { Bus } from '../../cluster/bus.js';
import { FanOut } from '../../cluster/fan-out.js';
import type { Unsubscribe } from '../../cluster/log.js';
import { topicKey } from '../../cluster/topic-key.js';
import type { GrpcServerCall } from './grpc.js';
import { Inbound } from './inbound.js';
import type { MeshNetwork } from './network.js';
import { Outbound } from './outbound.js';

/** How often the list of nodes is read, in ms. */
const DISCOVER_MS = 1_000;
/** For how long a node that is starting waits until the others have connected to it, in ms. */
const PATIENCE_MS = 3_000;

/** Lists the addresses of the nodes. */
export type ListPeers = (
  isConnected: (address: string) => boolean,
) => readonly string[] | Promise<readonly string[]>;

/** A bus whose nodes connect to each other: each one sends its messages to the nodes that want them. */
export class MeshBus implements Bus {
  readonly limit = 1_048_576;
  readonly #network: MeshNetwork;
  readonly #peers: ListPeers;
  readonly #name: string = randomBytes(9).toString('base64url');
  readonly #inbound = new Set<Inbound>();
  readonly #outbound = new Map<string, Outbound>();
  /** Called when the node of an address has connected to us. */
  readonly #arrivals = new Map<string, () => void>();
  readonly #arrived = new Set<string>();
  readonly #subscribers: FanOut<string>;
  /** Settles when this node and the others that run have connected to each other. */
  readonly #ready: Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(network: MeshNetwork, peers: ListPeers) {
    this.#network = network;
    this.#peers = peers;
    this.#subscribers = new FanOut(
      async (key) => {
        await Promise.all([...this.#outbound.values()].map((peer) => peer.say('+', [key])));
      },
      (key) => {
        for (const peer of this.#outbound.values()) void peer.say('-', [key]);
      },
    );
    this.#ready = this.#start();
    this.#ready.catch(() => {}); // every method awaits it and rejects
  }

  async publish(subject: string, data: string): Promise<void> {
    await this.#ready;
    if (this.#isClosed) throw new VeloxError('closed', 'the mesh is closed. Make another one.');
    if (Buffer.byteLength(data) > this.limit)
      throw new VeloxError('too-large', `a message is longer than ${this.limit} bytes. Send it in parts.`);
    const key = topicKey(subject);
    this.#subscribers.tell(key, data);
    for (const peer of this.#inbound) peer.send(key, data);
  }

  async subscribe(subject: string, fn: (data: string) => void, onDoubt?: () => void): Promise<Unsubscribe> {
    await this.#ready;
    return this.#subscribers.add(topicKey(subject), fn, onDoubt);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const peer of this.#outbound.values()) peer.end();
    for (const peer of this.#inbound) peer.end();
    this.#network.close();
  }

  async #start(): Promise<void> {
    await this.#network.listen((call, address) => this.#accept(call, address));
    await this.#discover();
    const wait = [...this.#outbound].map(async ([address, peer]) => {
      await peer.tried;
      if (peer.isConnected) await this.#arrival(address);
    });
    await Promise.all(wait);
  }

  async #discover(): Promise<void> {
    // A list that cannot be read is read again, and the nodes stay connected.
    const isConnected = (address: string): boolean => this.#outbound.get(address)?.isConnected === true;
    const addresses = await Promise.resolve(this.#peers(isConnected)).catch(() => undefined);
    if (this.#isClosed) return;
    for (const address of addresses ?? []) this.#dial(address);
    for (const [address, peer] of this.#outbound) {
      if (!addresses || addresses.includes(address) || peer.isConnected) continue;
      peer.end();
      this.#outbound.delete(address);
    }
    this.#timer = setTimeout(() => void this.#discover().catch(() => {}), DISCOVER_MS);
    this.#timer.unref();
  }

  #dial(address: string): void {
    if (this.#isClosed || this.#outbound.has(address) || address === this.#network.address) return;
    const peer = new Outbound({
      dial: () => this.#network.dial(address),
      keys: () => this.#subscribers.keys(),
      onMessage: (key, data) => this.#subscribers.tell(key, data),
      onConnect: () => this.#subscribers.doubt(),
      onName: (name) => name !== this.#name,
    });
    this.#outbound.set(address, peer);
  }

  /** A node connects to us: we connect to it as well, without waiting for the list. */
  #accept(call: GrpcServerCall, address: string): void {
    const peer = new Inbound(call, () => {
      this.#arrived.add(address);
      this.#arrivals.get(address)?.();
    });
    this.#inbound.add(peer);
    const lost = (): void => {
      this.#inbound.delete(peer);
      this.#arrived.delete(address);
    };
    call.on('close', lost);
    call.on('cancelled', lost);
    call.on('error', lost);
    call.on('end', () => call.end());
    call.write(`@${this.#name}`);
    this.#dial(address);
  }

  async #arrival(address: string): Promise<void> {
    if (this.#arrived.has(address)) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#arrivals.set(address, resolve);
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    clearTimeout(timer);
    this.#arrivals.delete(address);
  }
}
