import { isDeepStrictEqual } from 'node:util';
import { State } from '../../src/state/state.js';
import type { Random } from '../../src/testing/random.js';
import { change, EMPTY, type Document } from './document.js';
import type { Watch } from './watch.js';

/** Of a topic that does not deliver at once: how long it waits, in ms. */
const THROTTLE = 300;

/** All values that a topic ever had, by `n`, over all of its lives. */
export class Truth {
  state!: State<Document>;
  readonly topic: string;
  readonly #watch: Watch;
  readonly #revisions: number;
  readonly #values = new Map<number, Document>();
  /** When a value was no more, in virtual ms. */
  readonly #supersededAt = new Map<number, number>();
  /** By life and version. */
  readonly #versions = new Map<string, number>();
  readonly #lives: string[] = [];

  constructor(topic: string, revisions: number, watch: Watch) {
    this.topic = topic;
    this.#revisions = revisions;
    this.#watch = watch;
    this.#values.set(0, EMPTY);
    this.live(EMPTY);
  }

  get n(): number {
    return this.state.get().n;
  }

  /** A new life, from a value. */
  live(value: Document = structuredClone(this.state.get()) as Document): void {
    const state = new State<Document>(value, {
      key: 'id',
      history: { revisions: this.#revisions },
      throttle: this.topic ? THROTTLE : 0,
    });
    state.onRevision(() => this.see(state.id, state.position().version, state.get().n));
    this.state = state;
    this.#lives.push(state.id);
  }

  write(random: Random, now: number): void {
    const before = this.n;
    this.state.update((draft) => {
      change(draft, random);
    });
    this.#supersededAt.set(before, now);
    this.#watch.note(`server: "${this.topic}" is ${this.n}`);
    this.#values.set(this.n, structuredClone(this.state.get()) as Document);
  }

  /** How long a value has not been the newest any more, in ms. */
  age({ n }: Document, now: number): number {
    const at = this.#supersededAt.get(n);
    return at === undefined ? 0 : now - at;
  }

  /** Whether a value is one that the topic had. */
  had(value: Document): boolean {
    return isDeepStrictEqual(value, this.#values.get(value.n));
  }

  /** Somebody, the server or a client, has a value at a position: nobody may have another there. */
  see(life: string, version: number, n: number): void {
    const key = `${life}:${version}`;
    const known = this.#versions.get(key);
    if (known === undefined) this.#versions.set(key, n);
    else
      this.#watch.check(
        known === n,
        () => `"${this.topic}" at ${this.name(life)}.${version} is ${n}, not ${known}`,
      );
  }

  /** Lives are named in their order: their ids are random. */
  name(life: string): string {
    return String.fromCharCode(65 + this.#lives.indexOf(life));
  }
}
