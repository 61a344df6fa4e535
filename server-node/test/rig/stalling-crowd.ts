import type { Socket } from 'node:net';
import { createHub, type AnyContract, type Hub } from '../../src/index.js';
import { rawGzipStream } from './gzip-stream.js';
import { listen, type Listening } from './listen.js';
import { rawSubscribe, type PausableLink } from './raw-client.js';
import { Replay, type Past } from './replay.js';
import { SEEN, TwoTopics } from './two-topics.js';

/** A real client that reads a compressed link and compares the received messages with those sent. */
export class Person {
  readonly id: number;
  readonly link: PausableLink;
  isStalled = false;
  readonly #wanted: Set<string>;
  readonly #pastOf: (topic: string) => Past;
  readonly #replay = new Replay();
  #seq = 0;

  constructor(id: number, link: PausableLink, topic: string, pastOf: (topic: string) => Past) {
    this.id = id;
    this.link = link;
    this.#wanted = new Set([topic]);
    this.#pastOf = pastOf;
  }

  /** Is answered by a private frame. */
  say(): void {
    this.link.send({ event: 'say', data: this.id, seq: ++this.#seq });
  }

  /** Follows a topic, or does so no longer. Messages in flight stay readable: a topic starts over with a
   * snapshot. */
  toggle(topic: string): void {
    const isWanted = this.#wanted.delete(topic);
    if (!isWanted) this.#wanted.add(topic);
    const frame = isWanted ? { unsubscribe: [topic] } : { subscribe: [{ topic }] };
    this.link.send({ ...frame, seq: ++this.#seq });
  }

  /**
   * Reads until it has the newest version of all that it wants.
   *
   * @throws Error for a message that differs from the sent message
   */
  async catchUp(): Promise<void> {
    const isThere = (topic: string): boolean =>
      this.#replay.versionOf(topic) === Math.max(...this.#pastOf(topic).keys());
    while (![...this.#wanted].every(isThere)) this.#replay.take(await this.link.next(), this.#pastOf);
  }
}

/** A hub of two topics, and real clients that come, go, and stop to read until the server's outlet is full. */
export class StallingCrowd implements AsyncDisposable {
  readonly hub: Hub<AnyContract, Socket>;
  readonly topics: TwoTopics;
  readonly people: Person[] = [];
  readonly #server: Listening;
  readonly #pasts = new Map<string, Past>();
  #ids = 0;

  private constructor(hub: Hub<AnyContract, Socket>, server: Listening) {
    this.hub = hub;
    this.#server = server;
    this.topics = new TwoTopics(hub, (topic, version, text) => void this.#pastOf(topic).set(version, text));
  }

  static async open(): Promise<StallingCrowd> {
    const hub = createHub<AnyContract, Socket>(SEEN);
    return new StallingCrowd(hub, await listen(hub.handle));
  }

  join(transport: 'websocket' | 'stream', topic: string): void {
    const open = transport === 'websocket' ? rawSubscribe : rawGzipStream;
    const link = open(this.#server.origin, { topic });
    this.people.push(new Person(this.#ids++, link, topic, (name) => this.#pastOf(name)));
  }

  cut(person: Person): void {
    person.link.close();
    this.people.splice(this.people.indexOf(person), 1);
  }

  async stall(person: Person): Promise<void> {
    if (person.isStalled) return;
    person.isStalled = true;
    person.say();
    await this.topics.whenSaid(person.id);
    person.link.pause();
    await this.topics.fill(person.id);
  }

  resume(person: Person): void {
    person.isStalled = false;
    person.link.resume();
  }

  /** All that read have got all. */
  async settle(): Promise<void> {
    const reading = this.people.filter(({ isStalled }) => !isStalled);
    await Promise.all(reading.map((person) => person.catchUp()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { link } of this.people) link.close();
    await this.#server.close();
    await this.hub.close();
  }

  #pastOf(topic: string): Past {
    let past = this.#pasts.get(topic);
    if (!past) this.#pasts.set(topic, (past = new Map()));
    return past;
  }
}
