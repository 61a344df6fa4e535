import { isDeepStrictEqual } from 'node:util';
import { LocalState } from '../../src/state/local-state.js';
import type { Versioned } from '../../src/state/versioned.js';
import type { Random } from '../../src/testing/random.js';
import { MovableValue } from '../rig/movable-value.js';
import { change, EMPTY, type Document } from './document.js';
import type { Watch } from './watch.js';

/** How long a throttled topic waits, in ms. */
const THROTTLE = 300;

/** The operations that a topic's value offers the application. */
interface Value extends Versioned {
  readonly id: string;
  get(): unknown;
  update(recipe: (draft: Document) => void): void;
}

/** All values that a topic ever had, by `n`, over all of its lives. */
export class Truth {
  state!: Value;
  /** The value of a topic that is kept elsewhere: new lives begin in place. */
  readonly movable: MovableValue<Document> | undefined;
  readonly topic: string;
  readonly #watch: Watch;
  readonly #revisions: number;
  readonly #values = new Map<number, Document>();
  /** When a value was no more, in virtual ms. */
  readonly #supersededAt = new Map<number, number>();
  /** By life and version. */
  readonly #versions = new Map<string, number>();
  readonly #lives: string[] = [];

  constructor(topic: string, revisions: number, watch: Watch, initial = EMPTY) {
    this.topic = topic;
    this.#revisions = revisions;
    this.#watch = watch;
    this.#values.set(0, initial);
    if (topic === 'far/1') {
      this.movable = new MovableValue(initial, { key: 'id', history: { revisions } });
      this.#begin(this.movable);
    } else this.live(initial);
  }

  get n(): number {
    return (this.state.get() as Document).n;
  }

  /** A new life, from a value. */
  live(value: Document = structuredClone(this.state.get()) as Document): void {
    if (this.movable) return this.#renew(value);
    this.#begin(
      new LocalState<Document>(value, {
        key: 'id',
        history: { revisions: this.#revisions },
        throttle: this.topic === 'slow' ? THROTTLE : 0,
      }),
    );
  }

  /** A new life in place that begins with another value, at the version that the former one had: the id alone tells them apart. */
  replace(random: Random, now: number): void {
    const value = structuredClone(this.state.get()) as Document;
    const before = value.n;
    change(value, random);
    this.#note(before, value, now);
    this.#renew(value);
  }

  #renew(value: Document): void {
    this.movable?.renew(value, this.state.position().version);
    this.#lives.push(this.state.id);
  }

  #begin(state: Value): void {
    const onRevision = (): void => this.see(state.id, state.position().version, (state.get() as Document).n);
    state.listen({ onRevision });
    this.state = state;
    this.#lives.push(state.id);
  }

  write(random: Random, now: number): void {
    const before = this.n;
    this.state.update((draft) => {
      change(draft, random);
    });
    this.#note(before, structuredClone(this.state.get()) as Document, now);
  }

  #note(before: number, value: Document, now: number): void {
    this.#supersededAt.set(before, now);
    this.#watch.note(`server: "${this.topic}" is ${value.n}`);
    this.#values.set(value.n, structuredClone(value));
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

  /** The server or a client has a value at a position: no other value may appear there. */
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
