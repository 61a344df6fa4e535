import { VeloxError } from '@velox/core/protocol';
import type { Bus } from '../../cluster/bus.js';
import { FanOut } from '../../cluster/fan-out.js';
import type { Unsubscribe } from '../../cluster/log.js';
import { topicKey } from '../../cluster/topic-key.js';
import { UNAUTHENTICATED, type GrpcServerCall } from './grpc.js';
import { Inbound } from './inbound.js';
import type { Caller, MeshNetwork } from './network.js';
import { Outbound } from './outbound.js';
import { Warnings } from './warnings.js';

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
  readonly #warnings = new Warnings();
  readonly #peers: ListPeers;
  readonly #inbound = new Set<Inbound>();
  readonly #outbound = new Map<string, Outbound>();
  /** Called when the node of a name has connected to us. */
  readonly #arrivals = new Map<string, () => void>();
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

  /** Resolves when the other nodes have the messages that were published, or after a short wait. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const peer of this.#outbound.values()) peer.end();
    for (const peer of this.#inbound) peer.end();
    await this.#network.close();
  }

  async #start(): Promise<void> {
    await this.#network.listen((call, caller) => this.#accept(call, caller));
    await this.#discover();
    const wait = [...this.#outbound.values()].map(async (peer) => {
      await peer.tried;
      if (peer.isConnected && peer.name !== undefined) await this.#arrival(peer.name);
    });
    await Promise.all(wait);
  }

  async #discover(): Promise<void> {
    // A list that cannot be read is read again, and the nodes stay connected.
    const isConnected = (address: string): boolean => this.#outbound.get(address)?.isConnected === true;
    const addresses = await Promise.resolve(this.#peers(isConnected)).catch(() => undefined);
    if (this.#isClosed) return;
    for (const [address, peer] of this.#outbound) {
      const isListed = addresses?.includes(address) ?? true;
      const isNeeded = peer.isRedundant
        ? this.#isReached(peer.name ?? '', peer)
        : peer.isConnected || isListed;
      if (!isNeeded) this.#drop(address, peer);
    }
    for (const address of addresses ?? []) this.#dial(address);
    this.#timer = setTimeout(() => void this.#discover().catch(() => {}), DISCOVER_MS).unref();
  }

  #drop(address: string, peer: Outbound): void {
    peer.end();
    this.#outbound.delete(address);
    this.#network.forget(address);
    this.#warnings.end(`refused by ${address}`);
  }

  #dial(address: string): void {
    if (this.#isClosed || this.#outbound.has(address) || address === this.#network.address) return;
    this.#outbound.set(address, this.#connect(address));
  }

  #connect(address: string): Outbound {
    const peer: Outbound = new Outbound({
      dial: () => this.#network.dial(address),
      keys: () => this.#subscribers.keys(),
      onMessage: (key, data) => this.#subscribers.tell(key, data),
      onName: (name) => !this.#isReached(name, peer),
      onConnect: () => {
        this.#warnings.end(`refused by ${address}`);
        this.#subscribers.doubt();
      },
      onLost: (error, wasConnected) => {
        if (error?.code === UNAUTHENTICATED) this.#warnOfRefusal(address, error);
        if (error && wasConnected) this.#subscribers.doubt();
      },
    });
    return peer;
  }

  #warnOfRefusal(address: string, cause: Error): void {
    const remedy = 'Give both the same secret, and set their clocks: they may differ by 60 s.';
    const text = `the node at ${address} refuses the token of this one. ${remedy}`;
    this.#warnings.show(`refused by ${address}`, new VeloxError('unauthorized', text, { cause }));
  }

  /** Whether the messages of a node arrive already. Two addresses can lead to one node, and to this one. */
  #isReached(name: string, by?: Outbound): boolean {
    if (name === this.#network.name) return true;
    const others = [...this.#outbound.values()].filter((peer) => peer !== by && !peer.isRedundant);
    return others.some((peer) => peer.name === name);
  }

  /** A node connects to us: we connect to it as well, without waiting for the list. */
  #accept(call: GrpcServerCall, { name, address }: Caller): void {
    if (this.#isClosed) return call.end();
    const peer = new Inbound(call, name, () => this.#arrivals.get(name)?.());
    this.#inbound.add(peer);
    const lost = (): void => void this.#inbound.delete(peer);
    call.on('close', lost);
    call.on('cancelled', lost);
    call.on('error', lost);
    call.on('end', () => call.end());
    call.write(`@${this.#network.name}`);
    if (!this.#isReached(name)) this.#dial(address);
  }

  async #arrival(name: string): Promise<void> {
    if ([...this.#inbound].some((peer) => peer.name === name && peer.hasSubscribed)) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#arrivals.set(name, resolve);
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    clearTimeout(timer);
    this.#arrivals.delete(name);
  }
}
