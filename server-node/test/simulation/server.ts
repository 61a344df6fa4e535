import { VeloxError } from '@velox/core/protocol';
import { createHub, type Hub, type Session } from '../../src/create-hub.js';
import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import { createRandom, type Random } from '../../src/testing/random.js';
import { TOPICS, type Plan, type Settings, type Topic } from './plan.js';
import { Truth } from './truth.js';
import type { Watch } from './watch.js';

/** What a session has said, and was told. */
interface Exchanged {
  readonly client: number;
  readonly number: number;
  heard: number;
  told: number;
}

/** What the clients say of themselves. */
interface Context {
  readonly client: number;
}

/** What is said to a client: in which session, as which of them, and how far the default topic was. */
export interface Tell {
  readonly session: number;
  readonly count: number;
  readonly n: number;
}

type Members = Session<Context>;

/** A hub that is restarted now and then, and what it may be held to. */
export class SimulatedServer {
  hub!: Hub<never, Context>;
  readonly truths: Readonly<Record<Topic, Truth>>;
  /** The numbers of all notes that were heard, by client. */
  readonly heard: ReadonlySet<number>[];
  readonly #network: MemoryNetwork;
  readonly #watch: Watch;
  readonly #settings: Settings;
  readonly #random: Random;
  readonly #sessions = new Map<Members, Exchanged>();
  /** The session that a client last spoke in. */
  readonly #latest = new Map<number, Members>();
  /** By client: older tokens are refused. */
  readonly #validFrom = new Map<number, number>();
  readonly #forbidden = new Set<number>();
  /** All that were ever there: one that closes slowly has sessions still. */
  readonly #hubs = new Set<Hub<never, Context>>();

  constructor({ seed, settings }: Plan, network: MemoryNetwork, watch: Watch) {
    this.#settings = settings;
    this.#network = network;
    this.#watch = watch;
    this.#random = createRandom(seed, 2);
    const truth = (topic: Topic): Truth => new Truth(topic, settings.revisions, watch);
    this.truths = { '': truth(''), slow: truth('slow') };
    this.heard = Array.from({ length: settings.clients }, () => new Set<number>());
    this.#start();
  }

  /** Changes a topic so many times: in one tick, or `every` so many ms. */
  write(topic: Topic, seed: number, times: number, every: number): void {
    const { time } = this.#network;
    const random = createRandom(seed);
    for (let count = 0; count < times; count++) {
      if (every === 0) this.truths[topic].write(random, time.now);
      else time.schedule(count * every, () => this.truths[topic].write(random, time.now));
    }
  }

  /** Says something to a client, where it is known by a session. */
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

  /** What was said in the session of that id; nothing where the client has not spoken in it. */
  told(id: string | undefined): Pick<Exchanged, 'number' | 'told'> {
    for (const [session, exchanged] of this.#sessions) if (idOf(session) === id) return exchanged;
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
    const former = this.hub;
    if (how !== 'same') for (const topic of TOPICS) this.truths[topic].live();
    this.#start();
    this.#watch.note(`server: restarted, ${how}`);
    if (how === 'crash') this.#network.cut();
    else void former.close({ drain });
  }

  /** For `ms`, another hub with the same topics gets every second connection. */
  alternate(ms: number): void {
    const { hub } = this;
    const other = this.#create();
    this.#watch.note('server: two hubs');
    this.#network.serve(hub, other);
    this.#network.time.schedule(ms, () => {
      if (this.hub === hub) this.#network.serve(hub);
      void other.close();
    });
  }

  #start(): void {
    this.hub = this.#create();
    this.#network.serve(this.hub);
  }

  #create(): Hub<never, Context> {
    const { heartbeat, patience } = this.#settings;
    const hub = createHub<never, Context>({
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
    });
    for (const topic of TOPICS) hub.state(topic as never, this.truths[topic].state as never);
    hub.on('note' as never, (session, count) => this.#hear(session as Members, count));
    this.#hubs.add(hub);
    return hub;
  }

  #hear(session: Members, count: number): void {
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

  #exchanged(session: Members): Exchanged {
    const known = this.#sessions.get(session);
    if (known) return known;
    const fresh = { client: session.context.client, number: this.#sessions.size, heard: 0, told: 0 };
    this.#sessions.set(session, fresh);
    return fresh;
  }

  #read(token: string): Context {
    const [client = NaN, issued = NaN] = token.split(':').map(Number);
    if (!(issued >= (this.#validFrom.get(client) ?? 0))) throw new VeloxError('unauthorized', 'expired.');
    return { client };
  }

  /** At once, or some time later: then nobody may have relied on it. */
  #answer<T>(give: () => T): T | Promise<T> {
    const { doubt } = this.#settings;
    if (doubt === 0) return give();
    const wait = this.#random.between(0, doubt);
    return new Promise((resolve) => setTimeout(resolve, wait)).then(give);
  }
}

/** Not for applications: it is secret. */
function idOf(session: Members): string {
  return (session as unknown as { readonly id: string }).id;
}
