/** permessage-deflate has no checksum: here, each message that a client decompresses is compared with the sent
 * message. */
import { EventEmitter } from 'node:events';
import { Writable, type Duplex } from 'node:stream';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { Hub } from '../hub/hub.js';
import type { Session } from '../sessions/session.js';
import { LocalState } from '../state/local-state.js';
import { numRuns, timeout } from '../../test/rig/documents.js';
import type { Frame } from '../../test/rig/raw-client.js';
import { Replay, type Past } from '../../test/rig/replay.js';
import { WebSocketOutlet } from '../transports/websocket/outlet.js';

const TOPICS = ['a', 'b'];
const WINDOW = 32 * 1024;
const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'setTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** The messages sent to one client, read as RFC 7692 defines: with a window of the compressed messages before. */
class Client {
  readonly replay = new Replay();
  readonly session: Session;
  /** How many messages could be read only with the window. */
  shared = 0;
  readonly failures: unknown[] = [];
  /** Bytes of the payload of each message. */
  readonly sizes: number[] = [];
  isStalled = false;
  /** Asks anew: frames on the way belong to the forgotten copy, up to the first frame with the topic's id. */
  readonly #awaited = new Set<string>();
  #window: Buffer = Buffer.alloc(0);
  #held: (() => void) | undefined;
  readonly #hub: Hub;
  readonly #outlet: WebSocketOutlet;

  constructor(hub: Hub, deflation: 'alone' | 'shared', pastOf: (topic: string) => Past) {
    const socket = new Writable({
      write: (data: Buffer, _encoding, done) => {
        try {
          this.#read(data, pastOf);
        } catch (error) {
          this.failures.push(error); // the hub would take it for the outlet's
        }
        if (this.isStalled) this.#held = done;
        else done();
      },
    });
    const webSocket = Object.assign(new EventEmitter(), { readyState: 1, OPEN: 1, close: () => undefined });
    this.#hub = hub;
    this.#outlet = new WebSocketOutlet(
      webSocket as unknown as WebSocket,
      socket as Duplex,
      deflation,
      () => this.session.topics.size === 1,
      () => this.session.drained(this.#outlet),
    );
    this.session = hub.open(this.#outlet, { context: undefined, identity: undefined });
  }

  toggle(topic: string): void {
    const isWanted = this.session.topics.has(topic);
    if (isWanted) this.replay.forget(topic);
    const frame = isWanted ? { unsubscribe: [topic] } : { subscribe: [{ topic }] };
    this.#hub.receive(this.session, frame, CREDENTIALS);
  }

  /** Asks for a topic as if it had nothing of it. */
  subscribe(topic: string): void {
    this.replay.forget(topic);
    this.#awaited.add(topic);
    this.#hub.receive(this.session, { subscribe: [{ topic }] }, CREDENTIALS);
  }

  release(): void {
    this.isStalled = false;
    const held = this.#held;
    this.#held = undefined;
    held?.();
  }

  leave(): void {
    this.#hub.leave(this.session, this.#outlet, 'closed');
  }

  #read(data: Buffer, pastOf: (topic: string) => Past): void {
    for (let at = 0; at < data.length;) {
      const short = (data[at + 1] as number) & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      const long =
        short === 126 ? data.readUInt16BE(at + 2) : Number(short === 127 && data.readBigUInt64BE(at + 2));
      const end = at + head + (short < 126 ? short : long);
      const payload = data.subarray(at + head, end);
      this.sizes.push(payload.length);
      this.#take(data[at] === 0xc1 ? this.#inflate(payload) : payload, pastOf);
      at = end;
    }
  }

  #inflate(payload: Buffer): Buffer {
    const block = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
    const text = inflateRawSync(block, {
      finishFlush: 2,
      ...(this.#window.length && { dictionary: this.#window }),
    });
    try {
      if (!inflateRawSync(block, { finishFlush: 2 }).equals(text)) this.shared++;
    } catch {
      this.shared++;
    }
    this.#window = Buffer.concat([this.#window, text]).subarray(-WINDOW);
    return text;
  }

  #take(text: Buffer, pastOf: (topic: string) => Past): void {
    const frame = JSON.parse(text.toString()) as Frame;
    const topic = (frame.topic as string | undefined) ?? '';
    if ('id' in frame) this.#awaited.delete(topic);
    const isStale = 'version' in frame && (!this.session.topics.has(topic) || this.#awaited.has(topic));
    if (!isStale) this.replay.take(frame, pastOf);
  }
}

/**
 * A hub with two topics, clients, and the former values of the topics.
 *
 * @param padding characters of each value; without any, its snapshots are shorter than its deltas
 */
function crowd(padding = 500): {
  hub: Hub;
  clients: Client[];
  change: (topic: string, size: number) => void;
  join: (deflation?: 'alone') => Client;
  versionOf: (topic: string) => number | undefined;
} {
  const hub = new Hub();
  const states = new Map(
    TOPICS.map((topic) => [
      topic,
      new LocalState<Record<string, unknown>>({ n: 0, rest: 'r'.repeat(padding) }),
    ]),
  );
  const pasts = new Map<string, Past>(TOPICS.map((topic) => [topic, new Map()]));
  const pastOf = (topic: string): Past => pasts.get(topic) as Past;
  const note = (topic: string): void => {
    const state = states.get(topic) as LocalState<unknown>;
    pastOf(topic).set(state.position().version, state.text());
  };
  for (const [topic, state] of states) {
    hub.topics.publish(topic, state);
    note(topic);
  }
  let n = 0;
  const clients: Client[] = [];
  const join = (deflation: 'alone' | 'shared' = 'shared'): Client => {
    const client = new Client(hub, deflation, pastOf);
    clients.push(client);
    return client;
  };
  return {
    hub,
    clients,
    join,
    versionOf: (topic) => states.get(topic)?.position().version,
    change(topic, size) {
      states.get(topic)?.update((draft) => {
        draft.n = ++n;
        if (size > 0) draft[`key ${n % 7}`] = `some words ${n} `.repeat(size);
      });
      note(topic);
    },
  };
}

it('messages of a crowd refer to earlier ones, and a new client joins the window within a second', async () => {
  const { change, join, clients } = crowd();
  for (let i = 0; i < 10; i++) join().toggle('a');
  await turn();
  const step = async (): Promise<void> => {
    change('a', 1);
    await turn();
  };
  for (let i = 0; i < 5; i++) await step();
  expect(clients.map(({ shared }) => shared)).toEqual(clients.map(() => 4));
  const late = join();
  late.toggle('a');
  await turn();
  await step();
  expect(late.shared).toBe(0);
  expect(clients[0]?.shared).toBe(5);
  vi.advanceTimersByTime(1_000);
  await step(); // begins a run
  await step();
  expect([late.shared, clients[0]?.shared]).toEqual([1, 6]);
  expect(late.replay.versionOf('a')).toBe(9);
  expect(clients.flatMap(({ failures }) => failures)).toEqual([]);
});

it('snapshots that are shorter than their deltas are compressed as well', async () => {
  const { change, join, clients } = crowd(0);
  for (let i = 0; i < 10; i++) join().toggle('a');
  await turn();
  for (let i = 0; i < 5; i++) {
    change('a', 0);
    await turn();
  }
  expect(clients.map(({ shared }) => shared)).toEqual(clients.map(() => 4));
  for (const { sizes } of clients) expect(Math.max(...sizes.slice(-4))).toBeLessThan(25);
  expect(clients.map(({ replay }) => replay.versionOf('a'))).toEqual(clients.map(() => 6));
  expect(clients.flatMap(({ failures }) => failures)).toEqual([]);
});

/** Changes the first topic and has it delivered. */
const stepper =
  ({ change }: { change: (topic: string, size: number) => void }, size = 1) =>
  async (): Promise<void> => {
    change('a', size);
    await turn();
  };

it('a client that received another compressed message waits for the next run', async () => {
  const all = crowd();
  const { clients, join } = all;
  const step = stepper(all);
  for (let i = 0; i < 10; i++) join().toggle('a');
  for (let i = 0; i < 3; i++) await step();
  const [again, other] = clients as [Client, Client];
  again.subscribe('a');
  other.toggle('b');
  await turn();
  other.toggle('b');
  const before = clients.map(({ shared }) => shared);
  await step();
  const more = clients.map(({ shared }, at) => shared - (before[at] ?? 0));
  expect(more).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
  expect(clients.flatMap(({ failures }) => failures)).toEqual([]);
});

it('a client that missed the start of a run is not confused with one at the same place in another run', async () => {
  const all = crowd();
  const { clients, join } = all;
  const step = stepper(all, 0);
  for (let i = 0; i < 10; i++) join().toggle('a');
  await turn();
  await step();
  await step();
  const sleeper = clients[0] as Client;
  sleeper.isStalled = true;
  sleeper.session.emit('private', 'x'.repeat(70_000));
  await turn();
  join().toggle('a');
  await turn();
  await step();
  vi.advanceTimersByTime(1_000);
  await step(); // begins a run
  await step();
  sleeper.release();
  await turn();
  expect(sleeper.replay.versionOf('a')).toBe(6);
  const { shared } = sleeper;
  await step();
  expect(sleeper.shared).toBe(shared);
  expect(clients.flatMap(({ failures }) => failures)).toEqual([]);
});

it(
  'every client decompresses the sent messages while clients come, go, stall or follow more',
  { timeout },
  async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('change'),
          topic: fc.constantFrom(...TOPICS),
          size: fc.constantFrom(0, 1, 3, 40, 2_000),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constantFrom(
            'toggle',
            'toggle',
            'again',
            'event',
            'stall',
            'release',
            'leave',
            'join',
            'join alone',
          ),
          who: fc.nat(3),
          topic: fc.constantFrom(...TOPICS),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('wait', 'turn', 'turn') }) },
    );
    let shared = 0;
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.constantFrom(0, 500), async (steps, padding) => {
        const { clients, change, join, versionOf } = crowd(padding);
        for (let i = 0; i < 10; i++) join().toggle('a');
        const all = [...clients];
        for (const each of steps) {
          const client = 'who' in each ? clients[each.who % Math.max(1, clients.length)] : undefined;
          if ('size' in each) change(each.topic, each.size);
          else if (each.do === 'turn') await turn();
          else if (each.do === 'wait') vi.advanceTimersByTime(600);
          else if ('who' in each && each.do.startsWith('join')) {
            const joined = join(each.do === 'join' ? undefined : 'alone');
            joined.toggle(each.topic);
            all.push(joined);
          } else if ('who' in each && client) {
            if (each.do === 'toggle') client.toggle(each.topic);
            else if (each.do === 'again' && client.session.topics.has(each.topic))
              client.subscribe(each.topic);
            else if (each.do === 'event')
              client.session.emit('private', { to: each.who, text: 'some words '.repeat(20) });
            else if (each.do === 'stall') client.isStalled = true;
            else if (each.do === 'release') client.release();
            else {
              client.leave();
              clients.splice(clients.indexOf(client), 1);
            }
          }
          if ('size' in each) await turn();
        }
        for (const client of clients) client.release();
        await turn();
        await turn();
        expect(all.flatMap(({ failures }) => failures)).toEqual([]);
        for (const { replay, session } of clients) {
          for (const topic of session.topics.names) {
            expect(replay.versionOf(topic)).toBe(versionOf(topic));
          }
        }
        shared += all.reduce((sum, each) => sum + each.shared, 0);
        count += all.reduce((sum, each) => sum + each.replay.count, 0);
        vi.clearAllTimers(); // or each run would wake the hubs of all before it
      }),
      { numRuns: numRuns / 2 },
    );
    expect(shared).toBeGreaterThan(count / 10); // the window was really tried
  },
);
