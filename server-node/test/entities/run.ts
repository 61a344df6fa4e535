import { isDeepStrictEqual } from 'node:util';
import { createEndpoint } from '../../src/http/endpoint.js';
import { createRandom } from '../../src/testing/random.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';
import type { Form, Server } from '../leaks/links.js';
import { Application } from './application.js';
import { RowClient } from './client.js';
import { Database, type Context, type Row } from './database.js';
import type { Plan, Step } from './plan.js';
import { readRow } from './read-row.js';
import { keysOf, TOPICS, Truth, type Team, type Viewer } from './truth.js';

/** What became of a run. */
export interface Outcome {
  /** The first thing that must not happen and did. */
  readonly violation: string | undefined;
  /** How many rows the clients had in the end. */
  readonly followed: number;
  readonly log: readonly string[];
}

/** After so many turns of the event loop everything that needs no time has happened. */
const TURNS = 4;

/** The longest wait before an attempt, in ms: 30 s of the topic and 30 s of the row, each a little late. */
const NEXT_ATTEMPT = 62_000;

/** Runs a plan: whatever clients, fetches and the application do, no client gets a row of another, or an older row. */
export async function run(plan: Plan, keepLog = false): Promise<Outcome> {
  const time = new VirtualTime();
  const restore = time.install(createRandom(plan.seed, 1).next);
  const rig = new Rig(plan, time);
  try {
    await rig.start();
    for (const step of plan.steps) {
      if (rig.violation) break;
      if (keepLog) rig.log.push(`${time.now} ${JSON.stringify(step)}`);
      await rig.perform(step);
    }
    if (!rig.violation) await rig.end();
  } catch (error) {
    rig.violation ??= String((error as Error).stack);
  } finally {
    rig.close();
    restore();
  }
  const { violation, followed, log } = rig;
  return { violation, followed, log };
}

class Rig {
  violation: string | undefined;
  followed = 0;
  readonly log: string[] = [];
  readonly #plan: Plan;
  readonly #time: VirtualTime;
  readonly #truth = new Truth();
  readonly #database: Database;
  readonly #server: Server;
  readonly #application: Application;
  readonly #clients: RowClient[] = [];
  readonly #byName = new Map<string, RowClient>();
  #serial = 0;
  #names = 0;

  constructor(plan: Plan, time: VirtualTime) {
    const { seed, settings } = plan;
    this.#plan = plan;
    this.#time = time;
    this.#database = new Database(time, this.#truth, createRandom(seed, 2), settings);
    this.#application = new Application(
      settings,
      this.#database,
      (token) => this.#authorize(token),
      (name) => this.#isMember(name),
    );
    const { hub } = this.#application;
    this.#server = { hub, endpoint: createEndpoint(hub) };
  }

  async start(): Promise<void> {
    for (const topic of TOPICS) this.#database.change(topic);
    await this.#advance(this.#plan.settings.lag);
    for (const { identity, team, topic, form, isMember } of this.#plan.settings.clients)
      this.#add(`user-${identity}`, team, isMember).open(form, [topic]);
    await this.#settle(0);
    if (this.#plan.settings.isRough) this.#database.weather = 'rough';
  }

  async perform(step: Step): Promise<void> {
    await this.#act(step);
    await this.#settle(step.pause);
  }

  /** In the end everybody who followed the protocol has each row as its audience may see it. */
  async end(): Promise<void> {
    this.#database.weather = 'calm';
    await this.#settle(2 * NEXT_ATTEMPT);
    for (const client of this.#clients) {
      if (!client.isOpen || client.form === 'version-2') continue; // it sends other frames, which are only searched
      for (const [topic, { document, stale, isDenied }] of client.copies) {
        const { secret, ...row } = (document?.value ?? {}) as Row;
        const shown = isDenied ? 'denied' : { stale, ...row, hasSecret: secret !== undefined };
        const expected = this.#expected(client, topic);
        if (!isDeepStrictEqual(shown, expected))
          this.#fail(`${client.title} has ${topic} ${JSON.stringify(shown)} for ${JSON.stringify(expected)}`);
        this.followed++;
      }
    }
  }

  close(): void {
    for (const client of this.#byName.values()) client.close();
    void this.#server.endpoint.close();
  }

  #expected({ name, viewer }: RowClient, topic: string): unknown {
    if (topic.startsWith('users/') && !this.#isMember(name)) return 'denied';
    if (this.#database.locked.has(`${topic} ${viewer.identity}`)) return 'denied';
    return { stale: undefined, n: this.#database.numberOf(topic), hasSecret: !topic.startsWith('items/') };
  }

  #fail(what: string): void {
    this.violation ??= `at ${this.#time.now} ms: ${what}`;
  }

  /** A renewed token names the new team. The server checks it when the questions for the former one are answered, or never. */
  #authorize(token: string): Context {
    const [name = '', renewed, links] = token.split('~');
    const client = this.#byName.get(name) as RowClient;
    const serial = ++this.#serial;
    if (renewed && Number(links) === client.links)
      client.change({ ...client.viewer, team: renewed as Team, floor: serial - 1 });
    const { identity, team } = client.viewer;
    return { name, identity, team, serial };
  }

  #isMember(name: string): boolean {
    return this.#byName.get(name)?.viewer.isMember === true;
  }

  async #act(step: Step): Promise<void> {
    const { hub } = this.#server;
    switch (step.does) {
      case 'change':
        return this.#application.change(step);
      case 'recheck':
        return void hub.recheck();
      case 'outage':
        return this.#endure();
      case 'wait':
        return this.#advance(40_000);
      case 'beat':
        for (const { session } of this.#clients) session?.beat({ left: 20_000 }, 2);
        return;
      default:
    }
    const client = this.#clients[step.client] as RowClient;
    const { viewer } = client;
    switch (step.does) {
      case 'renew':
        if (!client.isOpen) return;
        if (client.canSend) return client.authenticate(step.team);
        return this.#reconnect(client, client.form, false, step.team);
      case 'exclude':
      case 'include':
        client.change({ ...viewer, isMember: step.does === 'include' });
        return void hub.recheck((context) => (context as Context).name === client.name);
      case 'lock':
      case 'unlock':
        this.#database.locked[step.does === 'lock' ? 'add' : 'delete'](`${step.topic} ${viewer.identity}`);
        return this.#application.notify(step.topic, viewer.identity);
      case 'want':
        return client.canSend && client.isOpen ? client.subscribe(client.wanted(step.topic)) : undefined;
      case 'leave':
        return client.canSend && client.copies.size > 1 ? client.unsubscribe(step.topic) : undefined;
      case 'reconnect':
        return this.#reconnect(client, step.form, step.isFresh, step.team);
      case 'close':
        return client.close();
      default:
    }
    const of = this.#clients[step.of] as RowClient;
    if (step.does === 'read') return void this.#read(client, step.topic, of.etags.get(step.topic));
    this.#shareRights(client, of);
    if (step.does === 'borrow')
      return client.canSend && client.isOpen ? client.subscribe(of.wanted(step.topic)) : undefined;
    const { traces, copies } = of;
    client.close();
    // A session moves with its identity: the former link is closed.
    if (of.viewer.identity === `user-${step.identity}`) of.close();
    const another = this.#add(`user-${step.identity}`, viewer.team, viewer.isMember, step.client);
    this.#shareRights(another, of);
    return another.open(step.form, [...copies.keys()], traces);
  }

  /** Every fetch fails for some time: stale rows are tried again. */
  async #endure(): Promise<void> {
    const { weather } = this.#database;
    this.#database.weather = 'down';
    for (const topic of TOPICS) this.#application.notify(topic);
    await this.#advance(5_000);
    const since = this.#time.now;
    const stale = new Set(this.#clients.flatMap((client) => (client.isOpen ? staleIn(client) : [])));
    await this.#advance(NEXT_ATTEMPT);
    const tried = new Set(this.#database.log.filter(({ at }) => at >= since).map(({ topic }) => topic));
    for (const topic of stale)
      if (!tried.has(topic)) this.#fail(`${topic} was stale without a next attempt from ${since} on`);
    this.#database.weather = weather;
  }

  #reconnect(client: RowClient, form: Form, isFresh: boolean, team: Team): void {
    const { traces, viewer } = client;
    client.change({ ...viewer, team, floor: this.#serial });
    const topics = client.copies.size > 0 ? [...client.copies.keys()] : ['items/1'];
    client.open(form, topics, isFresh ? {} : traces);
  }

  /** Clients that share their proofs share their rights to former rows. */
  #shareRights({ viewer }: RowClient, of: RowClient): void {
    for (const [key] of of.viewer.since) if (viewer.since.has(key)) viewer.since.set(key, 0);
  }

  async #read(client: RowClient, topic: string, foreign: string | undefined): Promise<void> {
    const { viewers } = client;
    const { text, etag, cacheControl, status } = await readRow(this.#server, client.name, topic, foreign);
    if (etag) client.etags.set(topic, etag);
    client.check(text, viewers);
    if (status === 200 && !cacheControl?.includes('private'))
      this.#fail(`${client.title} read ${topic} with cache-control ${cacheControl}`);
  }

  #add(identity: string, team: Team, isMember: boolean, at = this.#clients.length): RowClient {
    const name = `client-${this.#names++}`;
    const { now } = this.#truth;
    const viewer: Viewer = { identity, team, isMember, floor: this.#serial, since: new Map() };
    for (const key of keysOf(viewer)) viewer.since.set(key, now);
    const client = new RowClient(name, viewer, 'websocket', this.#server, this.#truth, (what) =>
      this.#fail(what),
    );
    this.#clients[at] = client;
    this.#byName.set(name, client);
    return client;
  }

  /** Lets some ms pass in slices, and in each everything happen that is due; polls whenever something has happened. */
  async #advance(ms: number): Promise<void> {
    const slice = Math.max(5, ms / 100);
    for (const end = this.#time.now + ms; this.#time.now < end;) {
      await this.#time.advance(Math.min(slice, end - this.#time.now), () => this.#poll());
      await this.#time.settle(); // its consequences may need another turn
    }
  }

  async #settle(pause: number): Promise<void> {
    await this.#turn();
    await this.#advance(pause + 5); // for `canSubscribe`
    await this.#turn();
    for (const client of this.#clients) client.settle();
    this.#truth.now++;
  }

  async #turn(): Promise<void> {
    for (let at = 0; at < TURNS; at++) {
      await this.#time.settle();
      this.#poll();
    }
  }

  #poll(): void {
    for (const client of this.#clients) client.poll();
  }
}

const staleIn = ({ copies }: RowClient): string[] =>
  [...copies].filter(([, { stale }]) => stale !== undefined).map(([topic]) => topic);
