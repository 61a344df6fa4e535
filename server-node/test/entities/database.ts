import { fetched, type Fetched } from '../../src/entities/fetched.js';
import type { Who } from '../../src/entities/fetches.js';
import type { Random } from '../../src/testing/random.js';
import type { VirtualTime } from '../../src/testing/virtual-time.js';
import { userOf, type Truth } from './truth.js';

/** What `authorize` knows of a client. */
export interface Context {
  readonly name: string;
  readonly identity: string;
  readonly team: string;
  /** Counts the answers of `authorize`. */
  readonly serial: number;
}

/** A row as clients receive it. */
export interface Row {
  /** Grows with each change of the row. */
  readonly n: number;
  readonly secret?: string;
}

export interface DatabaseSettings {
  /** How far the replica lags behind that fetches read, in ms; 0: they read the database itself. */
  readonly lag: number;
  /** Whether rows have a version. */
  readonly hasVersions: boolean;
  /** The longest delays before and after a fetch reads, in ms. */
  readonly latency: number;
}

/** A database, its replica, and fetches that are slow, fail, hang, or bring what JSON cannot hold. */
export class Database {
  /** What happens to fetches: nothing, some faults, or each fails. */
  weather: 'calm' | 'rough' | 'down' = 'calm';
  /** The topics of each fetch, with its time. */
  readonly log: { readonly at: number; readonly topic: string }[] = [];
  /** The rows that an identity may not see. */
  readonly locked = new Set<string>();
  readonly #time: VirtualTime;
  readonly #truth: Truth;
  readonly #random: Random;
  readonly #settings: DatabaseSettings;
  /** The times of the changes of each row. */
  readonly #changes = new Map<string, number[]>();

  constructor(time: VirtualTime, truth: Truth, random: Random, settings: DatabaseSettings) {
    this.#time = time;
    this.#truth = truth;
    this.#random = random;
    this.#settings = settings;
  }

  change(topic: string): void {
    this.#changes.set(topic, [...(this.#changes.get(topic) ?? []), this.#time.now]);
  }

  /** The number of a row; with `lag`, as the replica has it. */
  numberOf(topic: string, lag = 0): number {
    return (this.#changes.get(topic) ?? []).filter((at) => at <= this.#time.now - lag).length;
  }

  /** Reads one row, with a user along with each item. */
  async fetch(type: string, id: string, who: Who<Context>): Promise<Fetched<Row>> {
    return (await this.fetchMany(type, [id], who)).get(id);
  }

  /** Reads rows of one type. All of them are of the same moment, which lies somewhere between the question and the answer. */
  async fetchMany(
    type: string,
    ids: readonly string[],
    who: Who<Context>,
  ): Promise<Map<string, Fetched<Row>>> {
    const { chance, between } = this.#random;
    for (const id of ids) this.log.push({ at: this.#time.now, topic: `${type}/${id}` });
    const fate = this.#draw();
    const { latency } = this.#settings;
    if (chance(0.7)) await this.#wait(between(0, latency));
    const rows = new Map(ids.map((id) => [id, this.#read(type, id, who)]));
    if (chance(0.7)) await this.#wait(between(0, latency));
    if (fate === 'fail') throw new Error('no database');
    if (fate === 'hang') await new Promise(() => undefined);
    if (fate === 'odd') for (const id of ids) rows.set(id, { n: 1n } as unknown as Row);
    return rows;
  }

  /** A row as the application has it after a change. */
  present(topic: string, key: string): { readonly value: Row; readonly version?: number } {
    const n = this.numberOf(topic);
    const secret = this.#truth.create(topic, key, Infinity);
    return { value: { n, secret }, ...(this.#settings.hasVersions && { version: n }) };
  }

  #draw(): 'answer' | 'fail' | 'hang' | 'odd' {
    if (this.weather === 'calm') return 'answer';
    const chance = this.#random.between(1, 100);
    if (this.weather === 'down') return chance <= 80 ? 'fail' : chance <= 90 ? 'hang' : 'odd';
    return chance <= 75 ? 'answer' : chance <= 87 ? 'fail' : chance <= 93 ? 'hang' : 'odd';
  }

  #read(type: string, id: string, { audience, context }: Who<Context>): Fetched<Row> {
    const topic = `${type}/${id}`;
    if (type === 'notes' && this.locked.has(`${topic} ${audience}`)) return 'denied';
    if (type === 'items') {
      const user = userOf(topic);
      return this.#versioned(topic, { n: this.#numberRead(topic) }, { [user]: this.#user(user) });
    }
    if (type === 'users') return this.#user(topic);
    const secret = this.#truth.create(topic, audience ?? 'nobody', context?.serial ?? 0);
    return this.#versioned(topic, { n: this.#numberRead(topic), secret });
  }

  #user(topic: string): Fetched<Row> {
    const secret = this.#truth.create(topic, 'member', 0);
    return this.#versioned(topic, { n: this.#numberRead(topic), secret });
  }

  #versioned(topic: string, row: Row, related: Record<string, unknown> = {}): Fetched<Row> {
    return fetched(row, {
      related,
      ...(this.#settings.hasVersions && { version: this.#numberRead(topic) }),
    });
  }

  #numberRead(topic: string): number {
    return this.numberOf(topic, this.#settings.lag);
  }

  #wait(ms: number): Promise<void> {
    return ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
  }
}
