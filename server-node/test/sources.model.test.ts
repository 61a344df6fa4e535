/** Topics of three kinds of sources: clients are shown only values that they may see, and in the end the newest ones. */
import type { Position } from '@velox/core/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Hub } from '../src/hub/hub.js';
import type { Session } from '../src/sessions/session.js';
import type { Opened, Source } from '../src/topics/source.js';
import type { Message } from '../src/wire/message.js';
import { numRuns, timeout } from './rig/documents.js';
import { FakeOutlet } from './rig/fake-outlet.js';
import { MovableValue } from './rig/movable-value.js';
import { RawCopies } from './rig/raw-copies.js';
import type { Frame } from './rig/raw-client.js';

const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined };
const TOPICS = ['local', 'slow/1', 'by-role'] as const;
const ROLES = ['guest', 'admin'] as const;
/** More versions than a run has. */
const FAR = 1_000;
/** Longer than all delays, the linger time of broadcasts and the longest wait for a source that has failed. */
const SETTLED_MS = 60_000;

type Topic = (typeof TOPICS)[number];
type Role = (typeof ROLES)[number];
interface Context {
  role: Role;
  readonly denied: Set<string>;
}
interface Body {
  readonly of: string;
  readonly n: number;
  readonly pad: string;
  /** Never changes: it makes deltas shorter than snapshots. */
  readonly rest: string;
}

const REST = 'r'.repeat(300);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'setTimeout', 'clearTimeout'] }),
);
afterEach(() => void vi.useRealTimers());

/** A value of the application, and all that it ever was. */
class Truth {
  readonly name: string;
  readonly value: MovableValue<Body>;
  /** The texts by epoch and version: after a loss of revisions, one version may have several. */
  readonly texts = new Map<string, Set<string>>();
  readonly #lost = new Map<string, number>();
  #n = 0;
  #body: Body;

  constructor(name: string) {
    this.name = name;
    this.#body = this.#next(50);
    this.value = new MovableValue(this.#body);
    this.note();
  }

  change(size: number): void {
    this.#body = this.#next(size);
    this.value.set(this.#body);
    this.note();
  }

  /** A new epoch at the version of the former one: only its id tells that it is another. */
  renew(): void {
    this.#body = this.#next(20);
    this.value.renew(this.#body, this.value.position().version);
    this.note();
  }

  /** Goes back by one version; the next change makes another one of it. */
  lose(): void {
    const { id, version } = this.value.position();
    const former = [...(this.texts.get(keyOf({ id, version: version - 1 })) ?? [])].at(-1);
    if (former === undefined) return;
    this.#lost.set(id, version);
    this.#body = JSON.parse(former) as Body;
    this.value.lose(this.#body, version - 1);
    this.note();
  }

  note(): void {
    const key = keyOf(this.value.position());
    this.texts.set(key, (this.texts.get(key) ?? new Set()).add(this.value.text()));
  }

  /** Whether the value at a client's position may have changed unnoticed. */
  isAmbiguous({ id, version }: Position): boolean {
    const { version: now } = this.value.position();
    return version <= now && (this.#lost.get(epochOf(id)) ?? 0) >= version;
  }

  #next(size: number): Body {
    return { of: this.name, n: ++this.#n, pad: 'x'.repeat(size), rest: REST };
  }
}

const epochOf = (id: string): string => id.replace(/!.*/, '');
const keyOf = ({ id, version }: Position): string => `${epochOf(id)}:${version}`;

class World {
  readonly local = new Truth('local');
  readonly slow = new Truth('slow');
  readonly roles = new Map(ROLES.map((role) => [role, new Truth(role)]));
  readonly clients: Client[] = [];
  readonly failures: unknown[] = [];
  readonly released: string[] = [];
  /** How long the next answers take, in ms; 0: they are there at once. */
  doubt = 0;
  opening = 0;
  /** How the slow source fails, if it does. */
  failing: 'throws' | 'rejects' | 'stale' | undefined;
  readonly hub = new Hub({
    logger: ({ level, error }) => level === 'error' && this.failures.push(error),
    canSubscribe: (context, topic) => {
      const answer = (): boolean => !(context as Context).denied.has(topic);
      return this.doubt > 0 ? delay(this.doubt).then(answer) : answer();
    },
  });

  constructor() {
    this.hub.topics.publish('local', this.local.value);
    const release = (topic: string): unknown => this.released.push(topic);
    this.hub.topics.providePrefix('slow/', {
      open: () => (this.failing === 'throws' ? raise() : this.#openSlowly()),
      release,
    });
    this.hub.topics.provide('by-role', {
      open: (_topic, { context }) => (this.roles.get((context as Context).role) as Truth).value,
      release,
    } satisfies Source);
  }

  #openSlowly(): Promise<Opened> | Opened {
    const { failing, opening } = this;
    if (failing === 'stale') return { stale: 'busy' };
    if (failing) return delay(opening).then(raise);
    return opening > 0 ? delay(opening).then(() => this.slow.value) : this.slow.value;
  }

  truthOf(topic: Topic, { role }: Context): Truth {
    if (topic === 'by-role') return this.roles.get(role) as Truth;
    return topic === 'local' ? this.local : this.slow;
  }

  get truths(): Truth[] {
    return [this.local, this.slow, ...this.roles.values()];
  }
}

const raise = (): never => {
  throw new Error('of the source');
};

/** A client that follows PROTOCOL.md, and notices what must not reach it. */
class Client extends FakeOutlet {
  readonly context: Context = { role: 'guest', denied: new Set() };
  readonly session: Session;
  readonly wrong: string[] = [];
  readonly wanted = new Set<Topic>();
  readonly #world: World;
  readonly #copies = new RawCopies();
  readonly #stale = new Map<string, string>();
  /** Denied, and not granted yet. */
  readonly #denied = new Set<string>();
  /** Subscribed anew, and not answered yet. */
  readonly #awaited = new Set<string>();

  constructor(world: World) {
    super();
    this.#world = world;
    this.session = world.hub.open(this, { context: this.context, identity: undefined }, {});
  }

  override write(messages: readonly Message[]): boolean {
    for (const { text } of messages) this.#take(JSON.parse(text) as Frame);
    return super.write(messages);
  }

  subscribe(topic: Topic, isKept: boolean): void {
    const copy = this.#copies.get(topic);
    const truth = this.#world.truthOf(topic, this.context);
    const known = isKept && copy && !truth.isAmbiguous(copy) ? { id: copy.id, version: copy.version } : {};
    if (!('id' in known)) this.#copies.delete(topic);
    this.wanted.add(topic);
    this.#awaited.add(topic);
    this.#world.hub.receive(this.session, { subscribe: [{ topic, ...known }] }, CREDENTIALS);
  }

  /** Subscribes from a version that the server never had, as after an unseen loss of revisions. */
  exceed(topic: Topic): void {
    const copy = this.#copies.get(topic);
    if (copy) this.#copies.set(topic, { ...copy, version: copy.version + FAR, body: 'lost' });
    this.subscribe(topic, true);
  }

  /** Forgets its copy of a topic if no broadcast has seen that the value lost revisions. */
  forgetUnseen(topic: Topic): void {
    if (this.session.topics.get(topic)?.isJoined) return;
    this.#copies.delete(topic);
    if (this.wanted.has(topic)) this.subscribe(topic, false);
  }

  unsubscribe(topic: Topic): void {
    this.wanted.delete(topic);
    this.#world.hub.receive(this.session, { unsubscribe: [topic] }, CREDENTIALS);
  }

  drain(): void {
    this.full = false;
    this.session.drained(this);
  }

  /** The fault of its copy of a topic when all has settled. */
  missing(topic: Topic): string | undefined {
    if (this.context.denied.has(topic)) return this.#stale.get(topic) === 'denied' ? undefined : 'not denied';
    const { value } = this.#world.truthOf(topic, this.context);
    const copy = this.#copies.get(topic);
    if (this.#stale.get(topic) !== value.stale) return `is stale: ${this.#stale.get(topic)}`;
    return JSON.stringify(copy?.body) === value.text() ? undefined : `is ${JSON.stringify(copy)}`;
  }

  #take(frame: Frame): void {
    if ('denied' in frame) {
      this.#stale.set(frame.denied as string, 'denied');
      this.#denied.add(frame.denied as string);
    }
    if ('stale' in frame) this.#stale.set(frame.topic as string, frame.stale as string);
    if (!('version' in frame)) return;
    const topic = frame.topic as Topic;
    const isFirst = this.#awaited.delete(topic);
    if (isFirst && !('id' in frame)) this.wrong.push(`"${topic}": the first frame has no id`);
    if (!this.wanted.has(topic)) this.wrong.push(`"${topic}" is not wanted`);
    if (this.context.denied.has(topic)) this.wrong.push(`"${topic}" is not allowed`);
    if (this.#denied.delete(topic) && 'delta' in frame) this.wrong.push(`"${topic}": steps since a denial`);
    this.#stale.delete(topic);
    this.#copies.take(frame);
    const copy = this.#copies.get(topic);
    if (!copy) return void this.wrong.push(`"${topic}" begins with ${JSON.stringify(frame)}`);
    const text = JSON.stringify(copy.body);
    if (!this.#world.truthOf(topic, this.context).texts.get(keyOf(copy))?.has(text))
      this.wrong.push(`"${topic}" was never ${text} at ${copy.version} for a ${this.context.role}`);
  }
}

const who = fc.nat(2);
const topic = fc.constantFrom(...TOPICS);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      which: fc.nat(3),
      size: fc.constantFrom(0, 10, 300),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('renew' as const, 'lose' as const), which: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('stale' as const),
      which: fc.nat(3),
      why: fc.constantFrom('late', 'busy', undefined),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('subscribe' as const), who, topic, isKept: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('unsubscribe' as const, 'exceed' as const), who, topic }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('deny' as const, 'allow' as const, 'role' as const),
      who,
      topic,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('fill' as const, 'drain' as const, 'event' as const, 'beat' as const),
      who,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      doubt: fc.constantFrom(0, 20),
      opening: fc.constantFrom(0, 10, 50),
      failing: fc.constantFrom(undefined, undefined, 'throws' as const, 'rejects' as const, 'stale' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 0, 15, 100, 6_000) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Lets virtual time pass, and everything that it makes due happen. */
async function wait(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await turn();
}

async function perform(world: World, each: Step): Promise<void> {
  const truth = 'which' in each ? (world.truths[each.which] as Truth) : world.local;
  const client = world.clients['who' in each ? each.who : 0] as Client;
  const recheck = (): void => void world.hub.recheck((context) => context === client.context);
  switch (each.do) {
    case 'change':
      return truth.change(each.size);
    case 'renew':
      return truth.renew();
    case 'lose':
      for (const each of world.clients) for (const name of TOPICS) each.forgetUnseen(name);
      truth.lose();
      return wait(0);
    case 'stale':
      return truth.value.setStale(each.why);
    case 'subscribe':
      return client.subscribe(each.topic, each.isKept);
    case 'exceed':
      return client.exceed(each.topic);
    case 'unsubscribe':
      return client.unsubscribe(each.topic);
    case 'deny':
      client.context.denied.add(each.topic);
      return recheck();
    case 'allow':
      client.context.denied.delete(each.topic);
      return recheck();
    case 'role':
      client.context.role = client.context.role === 'guest' ? 'admin' : 'guest';
      return recheck();
    case 'fill':
      client.full = true;
      return;
    case 'drain':
      return client.drain();
    case 'event':
      return client.session.emit('event', each.who);
    case 'beat':
      return void client.session.beat({ left: 1_000 }, 1);
    case 'set':
      world.doubt = each.doubt;
      world.opening = each.opening;
      world.failing = each.failing;
      return;
    case 'wait':
      return wait(each.ms);
  }
}

/** A full client is left behind at a version that is lost, and its source fails before the client is told. */
const LOSS_BEFORE_A_FAILURE: Step[] = [
  { do: 'change', which: 1, size: 0 },
  { do: 'fill', who: 0 },
  { do: 'set', doubt: 0, opening: 0, failing: 'throws' },
  { do: 'lose', which: 1 },
  { do: 'change', which: 1, size: 0 },
  { do: 'deny', who: 0, topic: 'local' },
  { do: 'wait', ms: 6_000 },
  { do: 'deny', who: 2, topic: 'local' },
  { do: 'deny', who: 1, topic: 'local' },
  { do: 'allow', who: 0, topic: 'slow/1' },
];

it('clients of any source see only permitted values, and finally the newest', { timeout }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const world = new World();
      for (let count = 0; count < 3; count++) world.clients.push(new Client(world));
      for (const client of world.clients) for (const each of TOPICS) client.subscribe(each, false);
      await wait(0);
      for (const each of steps) {
        await perform(world, each);
        expect(world.clients.flatMap(({ wrong }) => wrong)).toEqual([]);
      }
      world.failing = undefined;
      for (const client of world.clients) client.drain();
      await wait(SETTLED_MS);
      for (const client of world.clients)
        for (const each of client.wanted) expect([each, client.missing(each)]).toEqual([each, undefined]);
      expect(world.clients.flatMap(({ wrong }) => wrong)).toEqual([]);
      expect(world.failures.filter((error) => (error as Error).message !== 'of the source')).toEqual([]);
      for (const client of world.clients) for (const each of TOPICS) client.unsubscribe(each);
      await wait(SETTLED_MS);
      expect(world.truths.map(({ value }) => value.observers)).toEqual([0, 0, 0, 0]);
      vi.clearAllTimers();
    }),
    { numRuns, examples: [[LOSS_BEFORE_A_FAILURE]] },
  );
});
