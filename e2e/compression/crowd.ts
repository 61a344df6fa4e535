import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, type Page } from '@playwright/test';
import { createHub, type AnyContract, type Hub } from '@velox/server';
import { createFaultProxy, type FaultProxy } from '../../server-node/test/rig/fault-proxy.js';
import type { Step } from '../../server-node/test/rig/schedules.js';
import { SEEN, turn, TwoTopics } from '../../server-node/test/rig/two-topics.js';
import { install } from './page.js';

/** A link of the page, over its own connection, which can stall. */
interface Person {
  readonly id: number;
  readonly transport: 'websocket' | 'stream';
  readonly proxy: FaultProxy;
  readonly wanted: Set<string>;
  isStalled: boolean;
}

/** A server of two topics, `a` and `b`, and a page whose links come, go, and stall until the server's outlet is full. */
export class PageCrowd implements AsyncDisposable {
  readonly hub: Hub<AnyContract, Socket>;
  readonly topics: TwoTopics;
  readonly #page: Page;
  readonly #server: Server;
  readonly #port: number;
  readonly #people: Person[] = [];
  readonly #past = new Set<string>();
  #ids = 0;

  private constructor(page: Page, hub: Hub<AnyContract, Socket>, server: Server) {
    this.#page = page;
    this.hub = hub;
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.topics = new TwoTopics(hub, (...version) => void this.#past.add(version.join(' ')));
  }

  /** Begins with a dozen links that follow `a`, of which numbers 4 and 10 are event streams. */
  static async open(page: Page): Promise<PageCrowd> {
    const hub = createHub<AnyContract, Socket>({ ...SEEN, origins: '*' });
    const server = createServer((request, response) => {
      if (!request.url?.startsWith('/sync')) return void response.end('<!doctype html><title>page</title>');
      void hub.handle(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const crowd = new PageCrowd(page, hub, server);
    await page.goto(`http://127.0.0.1:${crowd.#port}/`);
    await page.evaluate(install);
    for (let i = 0; i < 12; i++) await crowd.#join(i % 6 === 4 ? 'stream' : 'websocket', 'a');
    await crowd.settle();
    return crowd;
  }

  /** @param wait lets time pass, in ms */
  async perform(step: Step, wait: (ms: number) => void): Promise<void> {
    if (step.do === 'change') return this.topics.change(step.topic, step.text);
    if (step.do === 'settle') return this.settle();
    if (step.do === 'turn') return turn();
    if (step.do === 'wait') return wait(600);
    if (step.do === 'join') return this.#join('websocket', step.topic);
    if (step.do === 'join by stream') return this.#join('stream', step.topic);
    const person = this.#people[step.who];
    if (!person) return;
    if (step.do === 'toggle') await this.#toggle(person, step.topic);
    else if (step.do === 'say') await this.#say(person);
    else if (step.do === 'cut') await this.#cut(person);
    else if (step.do === 'stall') await this.#stall(person);
    else this.#resume(person);
  }

  resumeAll(): void {
    for (const person of this.#people) this.#resume(person);
  }

  /** All links that do not stall received all that was sent, and nothing else. */
  async settle(): Promise<void> {
    const wanted = this.#people
      .filter(({ isStalled }) => !isStalled)
      .flatMap(({ id, wanted }) =>
        [...wanted].map((topic) => ({ id, topic, version: this.topics.versionOf(topic) })),
      );
    const report = await this.#page.evaluate((wanted) => window.followers.until(wanted), wanted);
    expect(report.failures).toEqual([]);
    expect(report.extensions).toEqual(['permessage-deflate; client_no_context_takeover']);
    expect(report.got.filter((each) => !this.#past.has(each))).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#page.evaluate(() => window.followers.reset());
    await Promise.all(this.#people.map(({ proxy }) => proxy.close()));
    await this.hub.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #join(transport: 'websocket' | 'stream', topic: string): Promise<void> {
    const person: Person = {
      id: this.#ids++,
      transport,
      proxy: await createFaultProxy({ port: this.#port }),
      wanted: new Set([topic]),
      isStalled: false,
    };
    this.#people.push(person);
    const { id, proxy } = person;
    await this.#page.evaluate(
      ({ id, transport, origin, topic }) => window.followers.open(id, transport, origin, topic),
      { id, transport, origin: proxy.origin, topic },
    );
  }

  #send({ id }: Person, frame: object): Promise<void> {
    return this.#page.evaluate(({ id, frame }) => window.followers.send(id, frame), { id, frame });
  }

  #say(person: Person): Promise<void> {
    return this.#send(person, { event: 'say', data: person.id });
  }

  async #toggle(person: Person, topic: string): Promise<void> {
    const isWanted = person.wanted.delete(topic);
    if (!isWanted) person.wanted.add(topic);
    await this.#send(person, isWanted ? { unsubscribe: [topic] } : { subscribe: [{ topic }] });
  }

  async #cut(person: Person): Promise<void> {
    this.#people.splice(this.#people.indexOf(person), 1);
    await this.#page.evaluate((id) => window.followers.close(id), person.id);
    await person.proxy.close();
  }

  /** No byte moves between the two any more. */
  async #stall(person: Person): Promise<void> {
    if (person.isStalled) return;
    person.isStalled = true;
    await this.#say(person);
    await this.topics.whenSaid(person.id);
    person.proxy.stall();
    await this.topics.fill(person.id);
  }

  #resume(person: Person): void {
    person.isStalled = false;
    person.proxy.stall(false);
  }
}
