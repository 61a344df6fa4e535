import { connect, websocket, type ConnectOptions, type Sync } from '@velox/core';
import { memory } from '../../src/backplanes/memory/index.js';
import { createHub, type Hub } from '../../src/create-hub.js';
import { MemoryNetwork } from '../../src/testing/memory-network.js';
import { createRandom } from '../../src/testing/random.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';
import { warmUp } from '../../src/testing/warm-up.js';
import { NodeBus } from './node-bus.js';

/** A server of the cluster, and its bus. */
export interface ClusterNode {
  readonly hub: Hub;
  readonly bus: NodeBus;
}

/** A client, and the events that it received. */
export interface ClusterClient {
  readonly sync: Sync;
  readonly events: unknown[];
  /** Whether each new link had the session of the one before. */
  readonly recovered: boolean[];
}

/** Servers with a backplane in memory, and clients that move between them, on virtual time. */
export class NodeCluster implements AsyncDisposable {
  readonly time: VirtualTime = new VirtualTime();
  readonly network: MemoryNetwork = new MemoryNetwork(this.time);
  readonly #backplane = memory();
  readonly #restore: (() => void)[];
  readonly #nodes: ClusterNode[] = [];
  readonly #syncs: Sync[] = [];

  private constructor() {
    this.#restore = [this.time.install(createRandom(1).next), this.network.install()];
  }

  static async start(): Promise<NodeCluster> {
    await warmUp();
    return new NodeCluster();
  }

  /** @param prepare sets the faults of the bus that the node meets at its start */
  node(options: Parameters<typeof createHub>[0] = {}, prepare?: (bus: NodeBus) => void): ClusterNode {
    const bus = new NodeBus(this.#backplane.bus);
    prepare?.(bus);
    const node = { bus, hub: createHub({ ...options, backplane: { ...this.#backplane, bus } }) };
    this.#nodes.push(node);
    return node;
  }

  /** A client of one node, whose requests take a path of that name. */
  async client(
    name: string,
    { hub }: ClusterNode,
    options: Partial<ConnectOptions> = {},
  ): Promise<ClusterClient> {
    const { network, time } = this;
    network.path(name);
    network.serve(hub);
    const transports = [websocket(network.WebSocket)];
    const sync = time.within(network.path(name).zone, () =>
      connect(network.urlOf(name), { transports, ...options }),
    );
    this.#syncs.push(sync);
    const made: ClusterClient = { sync, events: [], recovered: [] };
    sync.on('news', (data) => made.events.push(data));
    sync.onReconnect(({ recovered }) => void made.recovered.push(recovered));
    await time.advance(1_000);
    return made;
  }

  /** The next link of a client opens on another node. */
  async move(name: string, { hub }: ClusterNode, ms = 1_200): Promise<void> {
    this.network.serve(hub);
    this.network.path(name).cut();
    await this.time.advance(ms);
  }

  /** Resolves with the result of a promise, and how long it took. */
  async within<T>(promise: Promise<T>, ms: number): Promise<{ result: T; took: number }> {
    const start = performance.now();
    let took = NaN;
    const measured = promise.finally(() => (took = performance.now() - start));
    measured.catch(() => undefined); // it is awaited below
    await this.time.advance(ms);
    if (Number.isNaN(took)) throw new Error(`nothing settled within ${ms} ms`);
    return { result: await measured, took };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sync of this.#syncs) sync.close();
    await Promise.all([...this.#nodes.map(({ hub }) => hub.close()), this.time.advance(40_000)]);
    for (const undo of this.#restore) undo();
  }
}
