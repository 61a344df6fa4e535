/** Watches some rows, and lets many come and go, in a process of its own. Sends its measurements to its parent. */
import { fetched } from '../../src/entities/fetched.js';
import type { EntitySource } from '../../src/entities/entity.js';
import { Hub } from '../../src/hub/hub.js';
import type { Message } from '../../src/wire/message.js';
import type { Outlet } from '../../src/wire/outlet.js';
import { BulkTimers } from './bulk-timers.js';

/** The measurements of the process. */
export interface Measured {
  /** What was there before 100,000 rows came and went, and afterwards. */
  readonly before: Left;
  readonly after: Left;
  /** The heap that 10,000 watched rows take, a few seconds after they were fetched, and after five changes of each. */
  readonly fetched: number;
  readonly changed: number;
}

interface Left {
  readonly heap: number;
  readonly timers: number;
  readonly rows: number;
  readonly subscriptions: number;
}

const WATCHED = 10_000;
const COME_AND_GO = 100_000;
const WARM_UP = 20_000;
/** How many topics a session subscribes. */
const BATCH = 1_000;
/** Long enough that a map which keeps its keys shows in the heap. */
const ID_LENGTH = 100;

const collect = globalThis.gc as () => void;
const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined };

/** Takes all messages, and keeps none. */
class Sink implements Outlet {
  readonly transport = 'sink';
  readonly isTwoWay = true;
  readonly waiting = 0;

  write(messages: readonly Message[]): boolean {
    for (const message of messages) void message.webSocket; // as a transport does
    return true;
  }

  close(): void {
    // nothing is open
  }
}

class Rig {
  readonly #timers = new BulkTimers();
  readonly #hub: Hub;
  readonly #sources: EntitySource[];
  #count = 0;
  #price = 0;

  constructor() {
    this.#timers.install();
    this.#hub = new Hub({ heartbeat: Infinity, logger: () => undefined });
    const fetchMany = (ids: readonly string[]): Promise<Map<string, unknown>> => {
      const rows = ids.map((id, at) => {
        const row = { id: at, name: 'a chair with four legs', price: 12.5, stock: 7, tag: 'sale' };
        return [id, id.endsWith('0') ? fetched(row, { related: { [`users/${id}`]: { id } } }) : row] as const;
      });
      return Promise.resolve(new Map(rows));
    };
    const { entities } = this.#hub;
    this.#sources = [
      entities.create('items', { fetchMany }),
      entities.create('users', { fetchMany }),
      entities.create('notes', { fetchMany, audience: 'user' }),
      entities.create('chairs', { fetchMany: (ids) => Promise.resolve(this.#chairs(ids)) }),
    ];
  }

  /** A session that watches rows which no session has watched. */
  async watch(
    type: string,
    count: number,
  ): Promise<{ readonly leave: () => void; readonly topics: string[] }> {
    const topics = Array.from({ length: count }, () => `${type}/${this.#newId()}`);
    return { leave: await this.#subscribe(topics), topics };
  }

  /** A session that watches some topics. Returns the function that ends it. */
  async #subscribe(topics: readonly string[]): Promise<() => void> {
    const outlet = new Sink();
    const session = this.#hub.open(outlet, { identity: 'ann', context: undefined });
    this.#hub.receive(session, { subscribe: topics.map((topic) => ({ topic })) }, CREDENTIALS);
    await this.pass(100);
    return () => this.#hub.leave(session, outlet, 'closed');
  }

  async comeAndGo(type: string, count: number): Promise<void> {
    const { leave, topics } = await this.watch(type, count);
    for (const topic of topics.slice(0, 10)) this.#hub.entities.notify(type, topic.slice(type.length + 1));
    await this.pass(100);
    leave();
    await this.pass(10_000);
  }

  /** Measures the heap that watched rows of about 100 bytes take. */
  async weigh(): Promise<Pick<Measured, 'fetched' | 'changed'>> {
    const before = heap();
    const ids: string[] = [];
    for (let count = 0; count < WATCHED; count += BATCH) {
      const topics = Array.from({ length: BATCH }, (_, at) => `chairs/${count + at}`);
      await this.#subscribe(topics);
      ids.push(...topics.map((topic) => topic.slice('chairs/'.length)));
    }
    await this.pass(60_000);
    const fetched = heap() - before;
    for (this.#price = 1; this.#price <= 5; this.#price++) {
      this.#hub.entities.notify('chairs', ids);
      await this.pass(1_000);
    }
    await this.pass(60_000);
    return { fetched, changed: heap() - before };
  }

  #chairs(ids: readonly string[]): Map<string, unknown> {
    const price = this.#price;
    return new Map(
      ids.map((id) => [id, { id, name: `a chair with ${id} legs`, price, stock: 7, tag: 'for sale' }]),
    );
  }

  /** Lets ms pass in slices: a timer may start another. */
  async pass(ms: number): Promise<void> {
    for (let slice = 0; slice < 4; slice++) await this.#timers.pass(ms / 4);
  }

  left(): Left {
    return {
      heap: heap(),
      timers: this.#timers.pending,
      rows: this.#sources.reduce((sum, source) => sum + source.stats().rows, 0),
      subscriptions: this.#hub.topics.subscriptions,
    };
  }

  #newId(): string {
    return String(this.#count++).padStart(ID_LENGTH, '-');
  }
}

function heap(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function main(): Promise<void> {
  const rig = new Rig();
  // Compiled code, and tables that have grown, count for no row.
  for (let count = 0; count < WARM_UP; count += 2 * BATCH)
    for (const type of ['items', 'notes']) await rig.comeAndGo(type, BATCH);
  await rig.pass(120_000);
  for (let count = 0; count < WATCHED; count += BATCH) await rig.watch('notes', BATCH);
  await rig.pass(120_000);
  const before = rig.left();
  for (let count = 0; count < COME_AND_GO; count += 2 * BATCH)
    for (const type of ['items', 'notes']) await rig.comeAndGo(type, BATCH);
  await rig.pass(120_000);
  const after = rig.left();
  process.send?.({ before, after, ...(await rig.weigh()) } satisfies Measured);
}

await main();
process.exit();
