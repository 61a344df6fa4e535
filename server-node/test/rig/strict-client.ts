import type { State } from '../../src/state/state.js';
import type { Frame, RawLink } from './raw-client.js';
import { RawCopies } from './raw-copies.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits as long as it takes; the test's own limit is the only one. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** A client that follows the protocol by itself, and notes each state frame that it should not have got. */
export class StrictClient {
  readonly copies: RawCopies = new RawCopies();
  readonly wanted: Set<string> = new Set<string>();
  /** Topics on which the last word was no. */
  readonly denied: Set<string> = new Set<string>();
  /** State frames that were made when their topic was not wanted, or not allowed. */
  readonly leaks: Frame[] = [];
  readonly #states: ReadonlyMap<string, State<unknown>>;
  readonly #open: (...topics: object[]) => RawLink;
  /** Topics that must not arrive, each with its version when that was settled. Messages sent until then may be in
   * flight. */
  readonly #unwanted = new Map<string, number>();
  readonly #forbidden = new Map<string, number>();
  /** Topics that are settled as unwanted by the acknowledgement of this number. */
  readonly #settling = new Map<number, string>();
  #link: RawLink | undefined;
  #said = 0;
  #heard = 0;
  #failure: Error | undefined;

  /** @param open a raw link that wants these topics, each with its position */
  constructor(states: ReadonlyMap<string, State<unknown>>, open: (...topics: object[]) => RawLink) {
    this.#states = states;
    this.#open = open;
    this.connect();
  }

  /** Opens a new link and subscribes to the wanted topics from the versions of its copies. */
  connect(): void {
    this.#link?.close();
    const wanted = [...this.wanted].map((topic) => ({ topic, ...this.#position(topic) }));
    this.#link = this.#open({ topic: 'of no state' }, ...wanted);
    this.#said = this.#heard = 0;
    this.#settling.clear();
    this.denied.clear();
    for (const topic of this.#states.keys()) if (!this.wanted.has(topic)) this.#unwanted.set(topic, 0);
    void this.#follow(this.#link);
  }

  subscribe(topic: string): void {
    if (this.wanted.has(topic)) return;
    // A position is only good if nothing more of the last time can be on its way.
    const isCurrent = (this.#unwanted.get(topic) ?? Infinity) <= (this.copies.get(topic)?.version ?? 0);
    if (!isCurrent) this.copies.delete(topic);
    this.wanted.add(topic);
    this.denied.delete(topic);
    this.#unwanted.delete(topic);
    this.#say({ subscribe: [{ topic, ...this.#position(topic) }] });
  }

  unsubscribe(topic: string): void {
    if (this.wanted.delete(topic)) this.#settling.set(this.#say({ unsubscribe: [topic] }), topic);
  }

  /** Nothing of the topic may be sent from now on, until it is allowed. */
  forbid(topic: string): void {
    this.#forbidden.set(topic, this.#versionOf(topic));
  }

  allow(topic: string): void {
    this.#forbidden.delete(topic);
  }

  /** Resolves when the server has heard all that was said, on a link that is up. */
  async settle(): Promise<void> {
    this.#say({ unsubscribe: [] });
    await until(() => this.#said === this.#heard || this.isWronged);
  }

  /** @throws the errors while it followed. */
  close(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.close();
    if (this.#failure) throw this.#failure;
  }

  /** Whether something has come that should not have. */
  get isWronged(): boolean {
    return this.#failure !== undefined || this.leaks.length > 0;
  }

  async #follow(link: RawLink): Promise<void> {
    for (;;) {
      const frame = await link.next().catch(() => undefined);
      if (this.#link !== link) return;
      if (!frame) return this.connect();
      try {
        this.#take(frame);
      } catch (error) {
        this.#failure ??= error as Error;
      }
    }
  }

  #take(frame: Frame): void {
    const { topic, version, at, ack } = frame as { topic: string } & Record<string, number | undefined>;
    if (ack !== undefined) this.#settle(ack);
    if ('denied' in frame) this.denied.add(frame.denied as string);
    const made = version ?? at; // the hash of a value tells of it, too
    if (made === undefined) return;
    const last = Math.min(this.#unwanted.get(topic) ?? Infinity, this.#forbidden.get(topic) ?? Infinity);
    if (made > last) this.leaks.push(frame);
    if (version === undefined) return;
    this.denied.delete(topic);
    this.copies.take(frame);
  }

  #settle(ack: number): void {
    this.#heard = Math.max(this.#heard, ack);
    for (const [seq, topic] of this.#settling) {
      if (seq > ack) continue;
      this.#settling.delete(seq);
      // If the topic was wanted again since, only the end of that subscription settles it.
      const isLast = !this.wanted.has(topic) && ![...this.#settling.values()].includes(topic);
      if (isLast) this.#unwanted.set(topic, this.#versionOf(topic));
    }
  }

  #say(frame: object): number {
    const seq = ++this.#said;
    this.#link?.send({ ...frame, seq });
    this.#link?.send({ ping: true, ack: true });
    return seq;
  }

  #position(topic: string): { id: string; version: number } | undefined {
    const copy = this.copies.get(topic);
    return copy && { id: copy.id, version: copy.version };
  }

  #versionOf(topic: string): number {
    return this.#states.get(topic)?.position().version ?? 0;
  }
}
