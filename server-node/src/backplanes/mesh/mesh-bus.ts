import { VeloxError } from '@velox/core/protocol';
import type { Bus } from '../../cluster/bus.js';
import { FanOut } from '../../cluster/fan-out.js';
import type { Unsubscribe } from '../../cluster/log.js';
import { topicKey } from '../../cluster/topic-key.js';
import { UNAUTHENTICATED, type GrpcServerCall } from './grpc.js';
import { Inbound } from './inbound.js';
import type { Caller, MeshNetwork } from './network.js';
import { Outbound } from './outbound.js';
import { PeerList, type ListPeers } from './peer-list.js';
import { Warnings } from './warnings.js';

/** How often the list of nodes is read, in ms. */
const DISCOVER_MS = 1_000;
/** The wait before a node that cannot listen tries again, in ms. */
const LISTEN_AGAIN_MS = 2_000;
/** For how long a node that is starting waits until the others have connected to it, in ms. */
const PATIENCE_MS = 3_000;

/** A bus whose nodes connect to each other: each one sends its messages to the nodes that want them. */
export class MeshBus implements Bus {
  readonly limit = 1_048_576;
  readonly #network: MeshNetwork;
  readonly #warnings = new Warnings();
  readonly #list: PeerList;
  readonly #inbound = new Set<Inbound>();
  readonly #outbound = new Map<string, Outbound>();
  /** Called when the node of a name has connected to us. */
  readonly #arrivals = new Map<string, () => void>();
  readonly #subscribers: FanOut<string>;
  /** Settles when this node and the others that run have connected to each other, or if this node cannot listen. */
  #ready: Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(network: MeshNetwork, list: ListPeers) {
    this.#network = network;
    this.#list = new PeerList(list, this.#warnings);
    this.#subscribers = new FanOut(
      async (key) => {
        await Promise.all([...this.#outbound.values()].map((peer) => peer.say('+', [key])));
      },
      (key) => {
        for (const peer of this.#outbound.values()) void peer.say('-', [key]);
      },
    );
    this.#ready = this.#open();
  }

  async publish(subject: string, data: string): Promise<void> {
    await this.#whenReady();
    if (Buffer.byteLength(data) > this.limit)
      throw new VeloxError('too-large', `a message is longer than ${this.limit} bytes. Send it in parts.`);
    const key = topicKey(subject);
    this.#subscribers.tell(key, data);
    for (const peer of this.#inbound) peer.send(key, data);
  }

  async subscribe(subject: string, fn: (data: string) => void, onDoubt?: () => void): Promise<Unsubscribe> {
    await this.#whenReady();
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

  /** @throws VeloxError `closed`, or `unavailable` if this node cannot listen. */
  async #whenReady(): Promise<void> {
    if (!this.#isClosed) await this.#ready;
    if (this.#isClosed) throw new VeloxError('closed', 'the mesh is closed. Make another one.');
  }

  #open(): Promise<void> {
    const ready = this.#start();
    ready.catch(() => {
      if (this.#isClosed) return;
      this.#timer = setTimeout(() => void (this.#ready = this.#open()), LISTEN_AGAIN_MS).unref();
    });
    return ready;
  }

  async #start(): Promise<void> {
    await this.#listen();
    if (this.#isClosed) return this.#network.close();
    await this.#discover();
    const wait = [...this.#outbound.values()].map(async (peer) => {
      await peer.tried;
      if (peer.isConnected && peer.name !== undefined) await this.#arrival(peer.name);
    });
    await Promise.all(wait);
  }

  async #listen(): Promise<void> {
    try {
      await this.#network.listen((call, caller) => this.#accept(call, caller));
      this.#warnings.end('listen');
    } catch (cause) {
      const what = `the mesh cannot listen at ${this.#network.listenAddress}, and tries again every 2 s`;
      const remedy = 'Free the port, or shorten the path of the folder.';
      const error = new VeloxError('unavailable', `${what}. ${remedy}`, { cause });
      if (!this.#isClosed) this.#warnings.show('listen', error);
      throw error;
    }
  }

  async #discover(): Promise<void> {
    const addresses = await this.#list.read((address) => this.#outbound.get(address)?.isConnected === true);
    if (this.#isClosed) return;
    for (const [address, peer] of this.#outbound) {
      const isListed = addresses?.includes(address) ?? true;
      const isNeeded = peer.isRedundant
        ? this.#isReached(peer.name ?? '', peer)
        : peer.isConnected || isListed;
      if (!isNeeded) this.#drop(address, peer);
    }
    for (const address of addresses ?? []) this.#dial(address);
    this.#timer = setTimeout(() => void this.#discover(), DISCOVER_MS).unref();
  }

  #drop(address: string, peer: Outbound): void {
    peer.end();
    this.#outbound.delete(address);
    this.#network.forget(address);
    this.#warnings.end(`refused by ${address}`);
  }

  #dial(address: string): void {
    if (this.#isClosed || this.#outbound.has(address) || address === this.#network.address) return;
    try {
      this.#outbound.set(address, this.#connect(address));
      this.#warnings.end(`dial ${address}`);
    } catch (cause) {
      const text = `the mesh cannot dial ${JSON.stringify(address)}. Correct this address of a node.`;
      this.#warnings.show(`dial ${address}`, new VeloxError('bad-option', text, { cause }));
    }
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
