import { VeloxError } from '@velox/core/protocol';
import { createEndpoint, type Endpoint } from '../../src/http/endpoint.js';
import { Hub } from '../../src/hub/hub.js';
import type { HubOptions } from '../../src/hub/hub-options.js';
import type { Session } from '../../src/sessions/session.js';
import type { Opened } from '../../src/topics/source.js';
import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import { createRandom, type Random } from '../../src/testing/random.js';
import { EMPTY, type Document } from './document.js';
import { TOPICS, type Plan, type Settings, type Topic } from './plan.js';
import { Truth } from './truth.js';
import type { Watch } from './watch.js';

/** The messages that a session has sent and received. */
interface Exchanged {
  readonly client: number;
  readonly number: number;
  heard: number;
  told: number;
}

/** The context of a client. */
interface Context {
  readonly client: number;
}

/** An event to a client: its session, its number there, and the version of the default topic. */
export interface Tell {
  readonly session: number;
  readonly count: number;
  readonly n: number;
}

/** A hub, and the endpoint that serves it. */
interface Served {
  readonly hub: Hub;
  readonly endpoint: Endpoint;
}

/** The role that the last topic's value names, for admins and for guests. */
const ADMIN: Document = { ...EMPTY, members: { role: 'admin' } };

/** A hub that is restarted now and then, and its expected state. */
export class SimulatedServer {
  #served!: Served;
  readonly truths: Readonly<Record<Topic, Truth>>;
  /** The numbers of all notes that were heard, by client. */
  readonly heard: ReadonlySet<number>[];
  readonly #network: MemoryNetwork;
  readonly #watch: Watch;
  readonly #settings: Settings;
  readonly #random: Random;
  readonly #sessions = new Map<Session, Exchanged>();
  /** The session that a client last spoke in. */
  readonly #latest = new Map<number, Session>();
  /** By client: older tokens are refused. */
  readonly #validFrom = new Map<number, number>();
  readonly #forbidden = new Set<number>();
  /** Ends the time of two hubs. */
  #reunite = (): void => {};
  /** All that were ever there: one that closes slowly has sessions still. */
  readonly #hubs = new Set<Hub>();
  readonly #admins = new Set<number>();
  /** The value of the last topic for admins. */
  readonly #forAdmins: Truth;
  /** Until then, the source of the far topic fails, or says that its value is outdated, in virtual ms. */
  #failsUntil = 0;
  #outdatedUntil = 0;

  constructor({ seed, settings }: Plan, network: MemoryNetwork, watch: Watch) {
    this.#settings = settings;
    this.#network = network;
    this.#watch = watch;
    this.#random = createRandom(seed, 2);
    const truth = (topic: Topic): Truth => new Truth(topic, settings.revisions, watch);
    this.truths = {
      '': truth(''),
      slow: truth('slow'),
      'far/1': truth('far/1'),
      'by-role': truth('by-role'),
    };
    this.#forAdmins = new Truth('by-role', settings.revisions, watch, ADMIN);
    this.heard = Array.from({ length: settings.clients }, () => new Set<number>());
    this.#start();
  }

  /** Changes a topic so many times: in one tick, or `every` so many ms. */
  write(topic: Topic, seed: number, times: number, every: number): void {
    const { time } = this.#network;
    const truths = topic === 'by-role' ? [this.truths[topic], this.#forAdmins] : [this.truths[topic]];
    const all = truths.map((truth) => ({ truth, random: createRandom(seed) }));
    const write = (): void => all.forEach(({ truth, random }) => truth.write(random, time.now));
    for (let count = 0; count < times; count++) {
      if (every === 0) write();
      else time.schedule(count * every, write);
    }
  }

  /** The expected value of a client's topic. */
  truthOf(topic: Topic, value: Document): Truth {
    return topic === 'by-role' && value.members.role === 'admin' ? this.#forAdmins : this.truths[topic];
  }

  isAdmin(client: number): boolean {
    return this.#admins.has(client);
  }

  /** Makes a guest an admin, or the other way round. */
  promote(client: number): void {
    if (!this.#admins.delete(client)) this.#admins.add(client);
    this.recheck();
  }

  replace(seed: number): void {
    this.truths['far/1'].replace(createRandom(seed), this.#network.time.now);
  }

  failFor(ms: number): void {
    this.#failsUntil = this.#network.time.now + ms;
    this.recheck();
  }

  outdateFor(ms: number): void {
    const { time } = this.#network;
    const { movable } = this.truths['far/1'];
    this.#outdatedUntil = Math.max(this.#outdatedUntil, time.now + ms);
    movable?.setStale('late');
    time.schedule(ms, () => {
      if (time.now >= this.#outdatedUntil) movable?.setStale(undefined);
    });
  }

  /** Sends events to a client whose session is known. */
  tell(client: number, times: number): void {
    const session = this.#latest.get(client);
    if (!session) return;
    const exchanged = this.#exchanged(session);
    const { n } = this.truths[''];
    for (let count = 0; count < times; count++) {
      const tell: Tell = { session: exchanged.number, count: ++exchanged.told, n };
      session.emit('tell', tell);
    }
  }

  /** The events of the session of that id; none if the client has not sent any in it. */
  told(id: string | undefined): Pick<Exchanged, 'number' | 'told'> {
    for (const [session, exchanged] of this.#sessions) if (session.id === id) return exchanged;
    return { number: -1, told: 0 };
  }

  expire(client: number): void {
    this.#validFrom.set(client, this.#network.time.now);
  }

  allow(client: number, allowed: boolean): void {
    if (allowed) this.#forbidden.delete(client);
    else this.#forbidden.add(client);
    this.recheck();
  }

  recheck(): void {
    for (const hub of this.#hubs) void hub.recheck();
  }

  restart(how: 'same' | 'anew' | 'crash', drain: number): void {
    const former = this.#served.endpoint;
    if (how !== 'same') {
      for (const topic of TOPICS) this.truths[topic].live();
      this.#forAdmins.live();
    }
    this.#start();
    this.#watch.note(`server: restarted, ${how}`);
    if (how === 'crash') this.#network.cut();
    else void former.close({ drain });
  }

  /** For `ms`, another hub with the same topics gets every second connection. */
  alternate(ms: number): void {
    const served = this.#served;
    const other = this.#create();
    this.#watch.note('server: two hubs');
    this.#network.serve(served.endpoint, other.endpoint);
    this.#reunite = () => {
      this.#reunite = () => {};
      if (this.#served === served) this.#network.serve(served.endpoint);
      void other.endpoint.close();
    };
    this.#network.time.schedule(ms, () => this.#reunite());
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#reunite();
  }

  #start(): void {
    this.#served = this.#create();
    this.#network.serve(this.#served.endpoint);
  }

  #create(): Served {
    const { heartbeat, patience } = this.#settings;
    const options: HubOptions<Context> = {
      heartbeat,
      patience,
      authorize: ({ token = '' }) => this.#answer(() => this.#read(token)),
      identify: ({ client }) => `client ${client}`,
      canSubscribe: ({ client }, topic) => {
        const allowed = topic !== 'slow' || !this.#forbidden.has(client);
        return this.#answer(() => allowed);
      },
      logger: ({ level, event, error }) => {
        if (level === 'error')
          this.#watch.fail(`server: ${event}: ${String((error as Error)?.stack ?? error)}`);
      },
    };
    const hub = new Hub(options as HubOptions);
    for (const topic of ['', 'slow'] as const) hub.topics.publish(topic, this.truths[topic].state);
    const release = (): void => undefined;
    hub.topics.providePrefix('far/', { open: () => this.#answer(() => this.#openFar()), release });
    hub.topics.provide('by-role', {
      open: (_topic, { context }) => {
        const truth = this.isAdmin((context as Context).client) ? this.#forAdmins : this.truths['by-role'];
        return this.#answer(() => truth.state);
      },
      release,
    });
    hub.messaging.on('note', (handle, count) => this.#hear(hub.messaging.sessionOf(handle), count as number));
    this.#hubs.add(hub);
    return { hub, endpoint: createEndpoint(hub) };
  }

  #openFar(): Opened {
    if (this.#network.time.now < this.#failsUntil) throw new VeloxError('unavailable', 'try again.');
    return this.truths['far/1'].state;
  }

  #hear(session: Session, count: number): void {
    const exchanged = this.#exchanged(session);
    const { client, number } = exchanged;
    this.#watch.note(`server: note ${count} of client ${client} in session ${number}`);
    this.#watch.check(
      count > exchanged.heard,
      () => `note ${count} of client ${client} came after ${exchanged.heard}`,
    );
    exchanged.heard = count;
    (this.heard[client] as Set<number>).add(count);
    this.#latest.set(client, session);
  }

  #exchanged(session: Session): Exchanged {
    const known = this.#sessions.get(session);
    if (known) return known;
    const fresh = {
      client: (session.context as Context).client,
      number: this.#sessions.size,
      heard: 0,
      told: 0,
    };
    this.#sessions.set(session, fresh);
    return fresh;
  }

  #read(token: string): Context {
    const [client = NaN, issued = NaN] = token.split(':').map(Number);
    if (!(issued >= (this.#validFrom.get(client) ?? 0))) throw new VeloxError('unauthorized', 'expired.');
    return { client };
  }

  /** At once, or some time later: until then, nothing may have relied on it. */
  #answer<T>(give: () => T): T | Promise<T> {
    const { doubt } = this.#settings;
    if (doubt === 0) return give();
    const wait = this.#random.between(0, doubt);
    return new Promise((resolve) => setTimeout(resolve, wait)).then(give);
  }
}
