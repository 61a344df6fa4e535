/**
 * Clients that come and go in every way leave nothing behind: no session, room, name, audience, member, topic, timer or memory. The proof
 * makes 100,000 connections.
 */
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import * as v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import * as velox from '../src/index.js';
import { Session } from '../src/sessions/session.js';
import { createRandom, type Random } from '../src/testing/random.js';
import { VirtualTime } from '../src/testing/virtual-time.js';
import { Subscription } from '../src/topics/subscription.js';
import { Subscriptions } from '../src/topics/subscriptions.js';
import { duplexPair } from './rig/duplex-pair.js';
import { frame } from './rig/raw-frames.js';

const { VELOX_RUNS } = process.env;
const CONNECTIONS = VELOX_RUNS ? 5 * Number(VELOX_RUNS) : 2_000;
/** Before the first measurement, so that most code is compiled. */
const WARM_UP = 1_000;
/** Bytes of the heap that a connection may leave behind on average: less than a session, and more than code that is compiled later. */
const MOST_LEFT = 1_024;

v8.setFlagsFromString('--expose-gc');
/** The memory that a hub and a server keep of a client. */
const KEPT = [Session, Subscription, Subscriptions, IncomingMessage, ServerResponse, Duplex] as const;

/** Objects that the engine or the last request may still hold. */
const FEW = 10;

const collect = runInNewContext('gc') as () => void;

/** Questions, fetches and calls that the test answers at a time of its choice. */
class Pending {
  readonly #resolves: (() => void)[] = [];

  ask<T>(value: T): Promise<T> {
    return new Promise((resolve) => this.#resolves.push(() => resolve(value)));
  }

  /** Answers all of them. */
  answer(): void {
    for (const resolve of this.#resolves.splice(0)) resolve();
  }
}

class Rig {
  readonly time = new VirtualTime();
  readonly pending = new Pending();
  readonly hub: velox.Hub;
  readonly #server = createServer();
  readonly #restore = this.time.install();

  constructor() {
    const { pending } = this;
    this.hub = velox.createHub({
      authorize: ({ token }) => (token === 'slow' ? pending.ask({}) : {}),
      canSubscribe: (_, topic) => (topic === 'asked' ? pending.ask(true) : true),
      canJoin: (_, room) => (room === 'asked' ? pending.ask(true) : true),
      limits: { opensPerAddress: Infinity },
      patience: 5_000,
      logger: () => undefined,
      version2: true,
    });
    this.hub.state('', { n: 0 });
    this.hub.state('asked', { n: 0 });
    this.hub.state(
      'viewed',
      { n: 0 },
      { audience: () => Math.floor(Math.random() * 5), view: ({ n }) => ({ n }) },
    );
    this.hub.entity('items', { fetch: (id: string) => pending.ask({ id }), linger: 1_000 });
    this.hub.presence({ of: ({ name }) => ({ id: name }) });
    this.hub.answer('wait', () => pending.ask(1));
    this.hub.on('back', (session) => {
      void session.call('question', 1).catch(() => undefined);
      session.emit('e', 'x'.repeat(100));
    });
    this.hub.attach(this.#server, '/');
  }

  connect(): Duplex {
    const { near, far } = duplexPair();
    this.#server.emit('connection', far);
    near.resume();
    return near;
  }

  async settle(ms: number): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await this.time.settle();
    await this.time.advance(ms);
  }

  async close(): Promise<void> {
    const closed = this.hub.close();
    await this.time.advance(20_000);
    await closed;
    this.#server.close();
    this.#restore();
  }
}

const WEB_SOCKET = [
  'GET /?velox=3 HTTP/1.1',
  'Host: h',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];
const lines = (...given: readonly string[]): string => `${given.join('\r\n')}\r\n\r\n`;
const post = (body: string, ...more: string[]): string =>
  lines('POST /?velox=3 HTTP/1.1', 'Host: h', ...more, `Content-Length: ${body.length}`) + body;

/** What a client does that is there: everything of which a hub keeps something. */
const FRAMES = [
  '{"subscribe":[{},{"topic":"asked"},{"topic":"viewed"},{"topic":"items/1"},{"topic":"items/2"},{"topic":"presence/r"},{"topic":"none"}]}',
  '{"event":"$presence","data":{"room":"r","mine":1},"seq":1,"call":1}',
  '{"event":"$join","data":"asked","seq":2,"call":2}',
  '{"event":"wait","data":1,"seq":3,"call":3}',
  '{"event":"back","data":1,"seq":4}',
];
const OPENING = `[{"open":{}},${FRAMES.join()}]`;

/** The ways in which clients come. */
const WAYS: Record<string, (near: Duplex, rig: Rig, random: Random) => Promise<void> | void> = {
  async webSocket(near, rig) {
    near.write(lines(...WEB_SOCKET));
    await rig.settle(1);
    for (const text of ['{"open":{}}', ...FRAMES]) near.write(frame.text(text));
  },
  async 'webSocket while authorize decides'(near, rig) {
    near.write(lines(...WEB_SOCKET));
    await rig.settle(1);
    near.write(frame.text('{"open":{"token":"slow"}}'));
  },
  'handshake that is aborted'(near, _, { between }) {
    const text = lines(...WEB_SOCKET);
    near.write(text.slice(0, between(1, text.length)));
  },
  async 'webSocket without an opening'(near, rig) {
    near.write(lines(...WEB_SOCKET));
    await rig.settle(1);
  },
  stream: (near) =>
    void near.write(lines('GET /?velox=3&topic=viewed HTTP/1.1', 'Host: h', 'Accept: text/event-stream')),
  'stream by POST': (near) => void near.write(post(OPENING, 'Accept: text/event-stream')),
  'version 2': (near) =>
    void near.write(lines('GET /?topic=viewed HTTP/1.1', 'Host: h', 'Accept: text/event-stream')),
  polling: (near) => void near.write(post(OPENING, 'Accept: application/json')),
  'POST while authorize decides': (near) =>
    void near.write(post('[{"open":{"token":"slow"}}]', 'Accept: application/json')),
  'POST without its end': (near) => void near.write(post(OPENING, 'Accept: application/json').slice(0, -5)),
  value: (near) =>
    void near.write(lines('GET /?topic=items/3 HTTP/1.1', 'Host: h', 'Accept: application/json')),
  'pipelined streams': (near) =>
    void near.write(lines('GET /?velox=3 HTTP/1.1', 'Host: h', 'Accept: text/event-stream').repeat(4)),
};

/** Some connections that come, and go in one of the ways. */
async function comeAndGo(rig: Rig, random: Random, count: number): Promise<Duplex[]> {
  const open = Array.from({ length: count }, () => rig.connect());
  for (const near of open) await WAYS[random.pick(Object.keys(WAYS))]?.(near, rig, random);
  await rig.settle(random.pick([0, 1, 100]));
  if (random.chance(0.5)) rig.pending.answer();
  const how = random.between(1, 3);
  // The others are half open for minutes: they read, and send nothing.
  for (const near of open) if (how === 1 || random.chance(0.9)) near.destroy();
  await rig.settle(1);
  rig.pending.answer();
  await rig.settle(0);
  return open.filter((near) => !near.destroyed);
}

async function use(rig: Rig, random: Random, connections: number): Promise<void> {
  const halfOpen: Duplex[] = [];
  for (let left = connections; left > 0; left -= 20) {
    halfOpen.push(...(await comeAndGo(rig, random, Math.min(20, left))));
    for (const near of halfOpen.splice(0, halfOpen.length - 100)) near.destroy();
  }
  await rig.settle(60_000);
  for (const near of halfOpen) near.destroy();
  await rig.settle(60_000); // sessions, rows, audiences and addresses are forgotten
}

it(
  `${CONNECTIONS.toLocaleString('en')} clients that come and go over all transports leave nothing behind`,
  async () => {
    const rig = new Rig();
    const random = createRandom(1);
    const left = (): object => {
      const { sessions, away, rooms, names, presence, audiences, subscriptions, waiting } = rig.hub.stats();
      return {
        sessions,
        away,
        rooms,
        names,
        presence,
        audiences,
        subscriptions,
        waiting,
        timers: rig.time.pending,
      };
    };
    const living = (): number[] => {
      collect();
      return KEPT.map((Class) => v8.queryObjects(Class as never, { format: 'count' }));
    };
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    await use(rig, random, WARM_UP);
    const before = {
      left: left(),
      handles: process.getActiveResourcesInfo().length,
      heap: heap(),
      living: living(),
    };
    await use(rig, random, CONNECTIONS);
    expect(left()).toEqual(before.left);
    expect(left()).toMatchObject({
      sessions: 0,
      away: 0,
      rooms: 0,
      names: 0,
      presence: 0,
      subscriptions: 0,
      waiting: 0,
    });
    living().forEach((count, at) =>
      expect(count, KEPT[at]?.name).toBeLessThanOrEqual((before.living[at] ?? 0) + FEW),
    );
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before.handles);
    const perConnection = (heap() - before.heap) / CONNECTIONS;
    if (process.env.VELOX_FIGURES) process.stdout.write(`${perConnection.toFixed(0)} bytes per connection\n`);
    expect(perConnection).toBeLessThan(MOST_LEFT);
    await rig.close();
  },
  60_000 + 20 * CONNECTIONS,
);
