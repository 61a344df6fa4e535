/** The recorded messages of an entity-sync client meet a hub, with the rights and limits of the hub. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { entitySync, type EntitySyncOptions } from '../src/entity-sync.js';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';

const FOUND = { timeout: 10_000 };
const subscribe = (entity: string, id: string, action = 'subscribe'): string =>
  JSON.stringify({ action, body: { entity, id } });

class Client {
  readonly texts: string[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer) => this.texts.push(data.toString()));
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    onTestFinished(() => this.socket.terminate());
  }

  /** Sends messages, and returns when the server has processed them: it answers a ping in order. */
  async send(...messages: readonly string[]): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, 'open');
    for (const message of messages) this.socket.send(message);
    const pong = once(this.socket, 'pong');
    this.socket.ping();
    await pong;
  }
}

interface Setup<Context> extends EntitySyncOptions<Context> {
  readonly hub?: velox.HubOptions<Context, velox.Session<Context, velox.AnyContract>>;
}

/** A hub with the entity `items`, whose rows are set by `change`. */
async function start<Context = unknown>({ hub: hubOptions = {}, ...options }: Setup<Context> = {}) {
  const hub = velox.createHub<velox.AnyContract, Context>({ heartbeat: 60_000, ...hubOptions });
  const rows = new Map<string, unknown>();
  const items = hub.entity('items', { fetch: (id) => rows.get(id) ?? null });
  const server = await listen((_, response) => void response.writeHead(404).end('plain'));
  entitySync(hub, options).attach(server.server);
  onTestFinished(async () => {
    await hub.close();
    await server.close();
  });
  const url = `${server.origin.replace('http', 'ws')}/ws/entity-sync/`;
  return {
    hub,
    server,
    url,
    items,
    connect: (more?: ClientOptions) => new Client(url, more),
    change: (id: string, row: unknown): void => {
      rows.set(id, row);
      items.notify(id);
    },
    /** Resolves when so many rows have a client and a value. */
    watched: (count: number) =>
      vi.waitFor(() => expect(items.stats()).toMatchObject({ watched: count, fetching: 0 }), FOUND),
  };
}

const keyed: EntitySyncOptions['message'] = ({ entity, id, row, secret }) => ({
  key: `${entity}.${id}`,
  secret,
  row,
});

interface Line {
  readonly dir: string;
  readonly raw: string;
  readonly conn: 'A' | 'B';
  readonly kind?: string;
  readonly step?: string;
  readonly opcode?: number;
}

const RECORDED = readFileSync(resolve(import.meta.dirname, 'recorded/entity-sync.jsonl'), 'utf8');

describe('the recording of an entity-sync client', () => {
  it('gets the recorded answers: it follows rows, leaves and comes back', async () => {
    const passed: string[][] = [];
    const { connect, change, watched } = await start({
      hub: { limits: { frame: 512 }, logger: () => undefined },
      message: keyed,
      passThrough: (secret, text) => void passed.push([secret, text]),
    });
    const clients = { A: connect(), B: connect() };
    const expected: Record<string, string[]> = { A: [], B: [] };
    const wanted = new Set<string>();
    let frames = 0;
    for (const line of RECORDED.trim()
      .split('\n')
      .map((text) => JSON.parse(text) as Line)) {
      const changed = /^row items\/(\d+) set/.exec(line.step ?? '')?.[1];
      if (changed) change(changed, JSON.parse(line.raw));
      if (line.kind !== 'frame') {
        // The handshakes, the steps and the ends of links; each step is followed by its frames.
        expect(line.kind ?? line.step).toMatch(/^(request|head|closed|row|A |B |server log)/);
        continue;
      }
      frames++;
      if (line.dir === 'server->client') {
        if (line.opcode !== 1) continue;
        expected[line.conn]?.push(line.raw);
        await vi.waitFor(() => expect(clients[line.conn].texts).toEqual(expected[line.conn]), FOUND);
      } else if (line.raw.length > 512) {
        clients[line.conn].socket.send(line.raw);
        expect(await clients[line.conn].closed).toBe(1009);
      } else {
        await clients[line.conn].send(line.raw);
        const [, action, id] = /"(\w*subscribe)".*"items","id":"(\d+)"/.exec(line.raw) ?? [];
        if (action !== 'subscribe' || !id) continue; // an unwatched row lingers
        wanted.add(id);
        await watched(wanted.size);
      }
    }
    expect(passed).toEqual([['s3cret', '{"hello":1}']]);
    expect(clients.A.texts).toEqual(expected.A);
    expect(clients.B.texts).toEqual(expected.B);
    expect(frames).toBe(RECORDED.match(/"kind":"frame"/g)?.length);
    expect([expected.A?.length, expected.B?.length]).toEqual([3, 1]);
    const again = connect();
    await again.send(subscribe('items', '100'));
    await watched(2);
    change('100', { n: 6 });
    await vi.waitFor(
      () => expect(again.texts).toEqual(['{"key":"items.100","secret":"","row":{"n":6}}']),
      FOUND,
    );
  });
});

describe('entity-sync on a hub', () => {
  it('sends the present row with `initial`, and the row alone without `message`', async () => {
    const { connect, change } = await start({ initial: true });
    change('7', { n: 1 });
    const client = connect();
    await client.send(subscribe('items', '7'));
    await vi.waitFor(() => expect(client.texts).toEqual(['{"n":1}']), FOUND);
    change('7', { n: 2 });
    await vi.waitFor(() => expect(client.texts).toEqual(['{"n":1}', '{"n":2}']), FOUND);
  });

  it('sends nothing for which `message` returns undefined', async () => {
    const message: EntitySyncOptions['message'] = ({ row }) => row ?? undefined;
    const { connect, change } = await start({ initial: true, message });
    const client = connect();
    await client.send(subscribe('items', '1'), subscribe('items', '2'));
    change('2', { n: 1 });
    await vi.waitFor(() => expect(client.texts).toEqual(['{"n":1}']), FOUND);
  });

  it.each([
    ['a control character', '\u0000'],
    ['half a surrogate pair', '\ud800'],
    ['more bytes than limits.topic', 'x'.repeat(2_000)],
  ])('ignores an id with %s, and keeps the client', async (_, id) => {
    const { connect, change } = await start({ initial: true });
    const client = connect();
    change('1', { n: 1 });
    await client.send(subscribe('items', id), subscribe('items', id, 'unsubscribe'), subscribe('items', '1'));
    await vi.waitFor(() => expect(client.texts).toEqual(['{"n":1}']), FOUND);
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('asks `authorize` with the headers of the handshake, and `canSubscribe` for each row', async () => {
    const { connect, change } = await start({
      initial: true,
      hub: {
        logger: () => undefined,
        authorize: ({ header, token }) => {
          if (token !== 'good') throw new Error('a stranger');
          return header('x-role');
        },
        canSubscribe: (role, topic) => role === 'boss' || topic === 'items/1',
      },
    });
    const refused = connect();
    const [, answer] = (await once(refused.socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(answer.statusCode).toBe(401);
    const open = (role: string): Client =>
      connect({ headers: { authorization: 'Bearer good', 'x-role': role } });
    const [boss, clerk] = [open('boss'), open('clerk')];
    for (const client of [boss, clerk]) await client.send(subscribe('items', '1'), subscribe('items', '2'));
    change('2', 'secret');
    change('1', 'open');
    await vi.waitFor(() => expect(boss.texts).toEqual(expect.arrayContaining(['"secret"', '"open"'])), FOUND);
    await vi.waitFor(() => expect(clerk.texts).toContain('"open"'), FOUND);
    expect(clerk.texts.filter((text) => text.includes('secret'))).toEqual([]);
  });

  it('refuses pages of other origins, and leaves other paths to the server', async () => {
    const { connect, url } = await start();
    const foreign = connect({ origin: 'https://evil.example' });
    const [, answer] = (await once(foreign.socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(answer.statusCode).toBe(403);
    const elsewhere = new Client(url.replace('entity-sync', 'other'));
    const [, plain] = (await once(elsewhere.socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(plain.statusCode).toBe(404);
  });

  it('ends a client that exceeds limits.rate, and all with the hub', async () => {
    const { connect, hub } = await start({ hub: { limits: { rate: 20 }, logger: () => undefined } });
    const [flooding, other] = [connect(), connect()];
    await other.send(subscribe('items', '1'));
    await flooding.send();
    for (let at = 0; at < 200; at++) flooding.socket.send('{"hello":1}');
    expect(await flooding.closed).toBe(4429);
    await hub.close();
    expect(await other.closed).toBe(1001);
  });

  it('lets a client wait that subscribes more rows than limits.rate allows at once', async () => {
    const { connect, watched } = await start({ hub: { limits: { rate: 40 } } });
    const client = connect();
    await client.send(...Array.from({ length: 100 }, (_, at) => subscribe('items', `${at}`)));
    await watched(100);
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it.each([
    ['compressed', true],
    ['not compressed', false],
  ])('reads messages of 1 MB that are %s no faster than they are paid for', async (_, perMessageDeflate) => {
    let passed = 0;
    const passThrough = (): void => void passed++;
    const { connect } = await start({ hub: { limits: { rate: 5 } }, passThrough });
    const [large, other] = [connect({ perMessageDeflate }), connect()];
    await Promise.all([large.send(), other.send()]);
    for (let at = 0; at < 10; at++) large.socket.send(JSON.stringify({ data: ' '.repeat(1_000_000) }));
    await vi.waitFor(() => expect(passed).toBeGreaterThan(0), FOUND);
    await other.send('{"action":"secret","body":"x"}');
    expect(passed).toBe(1); // the next one is read after half a minute
    expect(large.socket.readyState).toBe(WebSocket.OPEN);
    large.socket.terminate(); // its close frame would not be read
  });

  it('ends a client that answers no ping, and keeps one that does', async () => {
    const { connect } = await start({ hub: { heartbeat: 200 } });
    const [dead, live] = [connect({ autoPong: false }), connect()];
    await live.send(subscribe('items', '1'));
    await dead.closed;
    await live.send('{"action":"secret","body":"x"}');
    expect(live.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('keeps a client whose answer arrived while the process stood still', async () => {
    const { connect } = await start({ hub: { heartbeat: 200 } });
    const client = connect({ autoPong: false });
    const stoodStill = new Promise<void>((resolve) => {
      client.socket.once('ping', () => {
        client.socket.on('ping', () => client.socket.pong());
        client.socket.pong();
        const until = performance.now() + 500;
        while (performance.now() < until);
        resolve();
      });
    });
    await stoodStill;
    await client.send('{"action":"secret","body":"x"}');
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('keeps a client that is asked again before its answer can have arrived', async () => {
    const { connect } = await start({ hub: { name: () => 'ann', duplicates: 'refuse' } });
    const client = connect({ autoPong: false });
    let pings = 0;
    client.socket.on('ping', () => pings++);
    await client.send();
    const rivals: Client[] = [];
    for (const wanted of [1, 2]) {
      rivals.push(connect()); // the server asks whether the one that has the name lives
      await vi.waitFor(() => expect(pings).toBe(wanted), FOUND);
    }
    client.socket.pong();
    expect(await Promise.all(rivals.map(({ closed }) => closed))).toEqual([4403, 4403]);
    await client.send();
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('keeps a client while events go to everyone, which it is not sent', async () => {
    const { connect, hub, change, watched } = await start({
      hub: { events: { count: 10, overflow: 'close' } },
    });
    const client = connect();
    await client.send(subscribe('items', '1'));
    await watched(1);
    for (let at = 0; at < 50; at++) {
      hub.emit('news', at);
      await new Promise(setImmediate);
    }
    change('1', { n: 1 });
    await vi.waitFor(() => expect(client.texts).toEqual(['{"n":1}']), FOUND);
  });

  it('serves upgrades that the application hands over', async () => {
    const hub = velox.createHub();
    const endpoint = entitySync(hub, { initial: true });
    hub.state('items/1', { n: 1 });
    const server = await listen((_, response) => void response.end());
    server.server.on('upgrade', (request, socket, head) => void endpoint.upgrade(request, socket, head));
    onTestFinished(() => server.close());
    const client = new Client(`${server.origin.replace('http', 'ws')}/any`);
    await client.send(subscribe('items', '1'));
    await vi.waitFor(() => expect(client.texts).toEqual(['{"n":1}']), FOUND);
    await hub.close();
  });

  it('refuses options that it does not know, and objects that are no hub', () => {
    const hub = velox.createHub();
    expect(() => entitySync(hub, { inital: true } as EntitySyncOptions)).toThrow(/initial/);
    expect(() => entitySync({ ...hub })).toThrow(/createHub/);
  });
});
