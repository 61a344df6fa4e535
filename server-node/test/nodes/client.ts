import { connect, polling, sse, websocket, type ServerFrame, type Sync } from '@velox/core';
import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import type { VirtualTime } from '../../src/testing/virtual-time.js';
import type { Way } from '../simulation/index.js';
import type { Watch } from '../simulation/watch.js';
import type { Room } from './plan.js';
import type { Marks } from './server.js';

/** One client, which any node may serve. */
export class SimulatedClient {
  readonly name: string;
  readonly sync: Sync;
  /** The events that it received. */
  readonly got: string[] = [];
  /** The events of clients that the servers relayed to it. */
  readonly relayed: string[] = [];
  /** Whether a session of it was lost, and may be counted beside the present one for a while. */
  hasLostSession = false;
  /** The rooms that it wants, with the functions that leave them. */
  readonly rooms = new Map<string, () => void>();
  readonly #marks;
  readonly #network: MemoryNetwork;
  readonly #time: VirtualTime;
  /** By epoch: the newest version that it was sent. */
  readonly #versions = new Map<string, number>();
  #session = '';
  #epoch = '';

  constructor(index: number, way: Way, network: MemoryNetwork, watch: Watch) {
    this.name = `c${index}`;
    this.#network = network;
    this.#time = network.time;
    const factories = {
      websocket: () => websocket(network.WebSocket),
      sse,
      polling,
    };
    this.sync = network.time.within(network.path(this.name).zone, () =>
      connect(network.urlOf(this.name), {
        transports: [factories[way]()],
        auth: () => this.name,
        events: { age: 120_000 },
      }),
    );
    this.sync.on('down', (data) => {
      watch.note(`${this.name} got ${String(data)}`);
      this.got.push(String(data));
    });
    this.sync.on('relayed', (data) => this.relayed.push(String(data)));
    this.sync.onReconnect(({ recovered }) => void (this.hasLostSession ||= !recovered));
    this.sync.answer('ask', () => this.name);
    this.sync.onFrame((frame) => this.#see(frame, watch));
    this.rooms.set('all', this.sync.join('all'));
    this.#marks = this.sync.replica<Marks>('marks');
    this.#marks.subscribe(() => undefined);
  }

  /** The value of the shared state, as this client has it. */
  get marks(): Marks | undefined {
    return this.#marks.get();
  }

  join(room: Room): void {
    if (!this.rooms.has(room)) this.rooms.set(room, this.sync.join(room));
  }

  leave(room: Room): void {
    this.rooms.get(room)?.();
    this.rooms.delete(room);
  }

  cut(): void {
    this.#network.path(this.name).cut();
  }

  /** Opens a link of its own for the session, which ends soon. */
  claim(): void {
    const network = this.#network;
    network.path('claim');
    const url = network.urlOf('claim').replace('http', 'ws');
    const socket = this.#time.within(
      network.path('claim').zone,
      () => new network.WebSocket(`${url}?velox=3`),
    ) as WebSocket;
    socket.onopen = () => socket.send(JSON.stringify({ open: { session: this.#session, token: this.name } }));
    socket.onmessage = () => socket.close();
    socket.onerror = () => undefined;
  }

  #see(frame: ServerFrame, watch: Watch): void {
    if ('hello' in frame) this.#session = frame.hello.session;
    if (!('version' in frame) || frame.topic !== 'marks') return;
    this.#epoch = frame.id ?? this.#epoch;
    const before = this.#versions.get(this.#epoch) ?? 0;
    watch.check(
      frame.version >= before,
      () => `${this.name} was sent version ${frame.version} of ${this.#epoch} after ${before}`,
    );
    this.#versions.set(this.#epoch, frame.version);
  }
}
