import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHub, type Hub, type SharedState } from '@velox/server';
import type { Log, Place } from '@velox/server/backplane';
import { nats } from '@velox/server/nats';
import { busContract, logContract } from '@velox/server/testing';
import { FakeNats, type FakeNatsClient } from '../rig/fake-jetstream.js';
import { append, logOf, LONG } from '../rig/nats-log.js';

interface Board {
  readonly topics: { board: { items: string[] } };
}

const closing: Hub<Board>[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((hub) => hub.close()));
});

describe('a backplane on a server of NATS in memory', () => {
  const server = new FakeNats();
  const clients: FakeNatsClient[] = [];
  const engine = {
    connect() {
      const client = server.connect();
      clients.push(client);
      return nats(client, client.jetstream);
    },
    rewind() {
      const cutPower = server.save();
      return Promise.resolve(() => {
        cutPower();
        for (const client of clients) client.reconnect();
        return Promise.resolve();
      });
    },
  };
  for (const { title, run } of [...logContract(engine), ...busContract(engine)]) it(title, run, 60_000);
});

describe('NATS after it lost the end of its stream', () => {
  interface Node {
    readonly client: FakeNatsClient;
    readonly state: SharedState<{ items: string[] }>;
    readonly events: string[];
  }
  async function start(server: FakeNats): Promise<Node> {
    const client = server.connect();
    const events: string[] = [];
    const logger = ({ event }: { event: string }): void => void events.push(event);
    const hub = createHub<Board>({ backplane: nats(client, client.jetstream), logger });
    closing.push(hub);
    const state = hub.shared('board', { items: [] });
    await state.snapshot();
    return { client, state, events };
  }
  const add = ({ state }: Node, item: string): Promise<unknown> =>
    state.update((draft) => void draft.items.push(item));

  it('all servers agree, and the lost revisions are reported, if the sequences of a topic were used again', async () => {
    const server = new FakeNats();
    const one = await start(server);
    for (const item of ['a1', 'a2', 'a3']) await add(one, item);
    const cutPower = server.save();
    for (const item of ['a4', 'a5']) await add(one, item);
    const before = one.state.position();
    one.client.cut();
    cutPower();
    const two = await start(server);
    for (const item of ['b4', 'b5']) await add(two, item);
    expect(two.state.position().version).toBe(before.version);
    one.client.reconnect();
    await vi.waitFor(() => expect(one.state.get()).toEqual(two.state.get()), 10_000);
    await add(one, 'a6');
    await vi.waitFor(() => expect(two.state.position()).toEqual(one.state.position()), 10_000);
    expect(one.state.get()).toEqual({ items: ['a1', 'a2', 'a3', 'b4', 'b5', 'a6'] });
    expect(two.state.get()).toEqual(one.state.get());
    // Clients that have seen the lost revisions must not go on by delta.
    expect(one.state.position().id).not.toBe(before.id);
    expect(one.events).toContain('topic renewed');
  }, 30_000);

  it('a server that held the lost revisions and was away shortly appends them again', async () => {
    const server = new FakeNats();
    const one = await start(server);
    const cutPower = server.save();
    for (const item of ['a1', 'a2']) await add(one, item);
    const before = one.state.position();
    one.client.cut();
    cutPower();
    const starting = start(server);
    await sleep(300);
    one.client.reconnect();
    const two = await starting;
    await vi.waitFor(() => expect(two.state.get()).toEqual({ items: ['a1', 'a2'] }), 10_000);
    expect(two.state.position()).toEqual(before);
    expect(one.events).toEqual(['topic is stale', 'log healed']);
  }, 30_000);

  it('a topic keeps its epoch if a server that holds it is back within a second', async () => {
    const server = new FakeNats();
    const one = await start(server);
    await add(one, 'a1');
    const before = one.state.position();
    one.client.isSilent = true;
    one.client.cut();
    server.save()(); // it loses nothing
    await sleep(3_000); // a comparison is under way, and has no answer
    const starting = start(server);
    await sleep(300);
    one.client.reconnect();
    const two = await starting;
    expect(two.state.position()).toEqual(before);
    expect(two.events).toEqual([]);
  }, 30_000);

  it('an update that the client sends again after the reconnect is applied once, to the value of all', async () => {
    const server = new FakeNats();
    const one = await start(server);
    await add(one, 'a1');
    const cutPower = server.save();
    await add(one, 'a2');
    one.client.isBuffering = true;
    const waiting = add(one, 'a3'); // it leaves for the sequence after the lost revision
    await Promise.resolve();
    one.client.cut();
    cutPower();
    const two = await start(server);
    await add(two, 'b2');
    one.client.reconnect();
    await waiting;
    await vi.waitFor(() => expect(two.state.get()).toEqual({ items: ['a1', 'b2', 'a3'] }), 10_000);
    expect(one.state.get()).toEqual(two.state.get());
    expect(one.state.position()).toEqual(two.state.position());
    const three = await start(server);
    expect(three.state.get()).toEqual(two.state.get());
  }, 30_000);

  it('an entry that follows on a lost one does not apply, and ends the epoch', async () => {
    const server = new FakeNats();
    const [one, two] = [server.connect(), server.connect()].map(logOf) as [Log, Log];
    const start = (await one.open('topic', '0')).snapshot.at;
    const cutPower = server.save();
    const lost = await append(one, start, 'lost');
    cutPower();
    const kept = await append(two, start, 'kept');
    // The stream compares the sequence alone, so it accepts the entry of an outdated writer.
    const log = server.messages.filter(({ subject }) => subject.startsWith('velox.log.'));
    const [{ subject, text, seq }] = log.slice(-1) as [(typeof log)[number]];
    const { id, version, token } = lost;
    server.store(
      subject,
      text.replace(kept.id, id).replace(start.token, token).replace(` ${version} `, ' 3 '),
      seq,
    );
    expect(await two.read('topic', kept)).toBe('other');
    const opened = await two.open('topic', '0');
    expect(opened.revisions.map(({ tag }) => tag)).toEqual(['kept']);
    expect(opened.revisions[0]?.at).toEqual({ ...kept, id: expect.not.stringMatching(id) as string });
    expect(await one.heads(['topic'])).toEqual([opened.revisions[0]?.at]);
    await append(one, opened.revisions[0]?.at as Place, 'next');
  });

  describe('behind a server that stays', () => {
    const next = [{ tag: 'next', patch: '[]' }];
    interface Remote {
      readonly client: FakeNatsClient;
      readonly log: Log;
      readonly lost: Place;
      /** Lets another revision have the sequence of the lost one. Returns its place. */
      readonly replace: () => Promise<Place>;
    }
    async function prepare(): Promise<Remote> {
      const server = new FakeNats();
      server.isRemote = true;
      const client = server.connect();
      const [log, other] = [logOf(client), logOf(server.connect())];
      const { at: start } = (await log.open('topic', '0')).snapshot;
      const cutPower = server.save();
      const lost = await append(log, start, 'lost');
      const replace = (): Promise<Place> => {
        cutPower();
        server.info = { config: { num_replicas: 1 }, cluster: { leader: 'another' } };
        return append(other, start, 'kept');
      };
      return { client, log, lost, replace };
    }

    it('an append after a reconnect asks for the last entry', async () => {
      const { client, log, lost, replace } = await prepare();
      const head = await replace();
      client.reconnect();
      await sleep(20); // it hears of it
      expect(await log.append('topic', lost, next)).toEqual({ ok: false, head });
    });

    it('an append after the news of another run asks for the last entry', async () => {
      const { client, log, lost, replace } = await prepare();
      client.refuses = () => true;
      await expect(log.append('topic', lost, next)).rejects.toThrow('TIMEOUT');
      client.refuses = () => false;
      expect(await log.heads(['topic'])).toEqual([lost]);
      const head = await replace();
      await log.run();
      expect(await log.append('topic', lost, next)).toEqual({ ok: false, head });
    });
  });
});

describe('NATS', () => {
  it('a good snapshot removes the parts of all that were not confirmed', async () => {
    const server = new FakeNats();
    const client = server.connect();
    const log = logOf(client);
    let { at } = (await log.open('topic', '0')).snapshot;
    const save = async (tag: string): Promise<number> => {
      at = await append(log, at, tag);
      await log.saveSnapshot('topic', at, LONG, 1).catch(() => undefined);
      return server.messages.filter(({ subject }) => subject.includes('.body.')).length;
    };
    const once = await save('good');
    expect(once).toBeGreaterThan(1);
    client.refuses = (subject) => subject.includes('.snapshot.');
    for (const tag of ['bad', 'worse']) await save(tag);
    client.refuses = () => false;
    expect(await save('good again')).toBe(once);
    expect((await log.open('topic', '0')).snapshot.value).toBe(LONG);
    // A short one as well.
    at = await append(log, at, 'short');
    expect(await log.saveSnapshot('topic', at, '1', 1)).toBe(true);
    expect(server.messages.filter(({ subject }) => subject.includes('.body.'))).toEqual([]);
  });

  it('keeps the parts of a long revision whose first attempt was refused by a confirmation of the head', async () => {
    const server = new FakeNats();
    const client = server.connect();
    const [log, other] = [logOf(client), logOf(server.connect())];
    const { at: start } = (await log.open('topic', '0')).snapshot;
    server.save()(); // a restart without a loss: the head is to be confirmed
    client.onSend = async (subject) => {
      if (!subject.includes('.log.')) return;
      client.onSend = () => undefined;
      expect(await other.append('topic', start, [])).toEqual({ ok: true, at: start });
    };
    const at = await append(log, start, 'long', LONG);
    expect(await log.saveSnapshot('topic', at, '1', 1)).toBe(true);
    expect(await other.open('topic', '0')).toMatchObject({ snapshot: { at, value: '1' }, revisions: [] });
  });

  it('is asked again after a pause when a cluster refuses an append without naming the last sequence', async () => {
    const client = new FakeNats().connect();
    const log = logOf(client);
    const { at: start } = (await log.open('topic', '0')).snapshot;
    let refusals = 0;
    client.onSend = (subject) => {
      if (!subject.includes('.log.') || refusals === 3) return;
      refusals++;
      throw Object.assign(new Error('wrong last sequence'), { code: 10164, status: 400 });
    };
    const before = performance.now();
    const at = await append(log, start, 'a');
    expect(performance.now() - before).toBeGreaterThan(50);
    expect(await log.heads(['topic'])).toEqual([at]);
    expect(refusals).toBe(3);
  });

  it('forgets the last entry of a topic with its last follower', async () => {
    const client = new FakeNats().connect();
    const log = logOf(client);
    let { at } = (await log.open('topic', '0')).snapshot;
    const ends = [0, 1].map(() => log.follow('topic', vi.fn(), vi.fn()));
    const [endOne, endTwo] = (await Promise.all(ends)) as [() => void, () => void];
    let questions = 0;
    client.onSend = (subject) => void (questions += Number(subject.includes('.MSG.GET.')));
    const appendLater = async (): Promise<void> => {
      at = await append(log, at, 'tag');
      await sleep(10); // the followers have heard it
    };
    await appendLater();
    endOne();
    await appendLater();
    expect(questions).toBe(0);
    endTwo();
    await appendLater();
    expect(questions).toBe(1);
  });

  it('takes entries that do not come in time for late, and not for removed', async () => {
    const client = new FakeNats().connect();
    const log = logOf(client);
    const { at } = (await log.open('topic', '0')).snapshot;
    await append(log, at, 'a');
    client.isSlow = true;
    const late = { code: 'timeout' };
    await expect(log.read('topic', at)).rejects.toMatchObject(late);
    await expect(log.open('topic', '0')).rejects.toMatchObject(late);
    client.isSlow = false;
    expect(await log.read('topic', at)).toHaveLength(1);
  });

  it('stores nothing after close(), and rejects pending and later requests of the log', async () => {
    const server = new FakeNats();
    const { at } = (await logOf(server.connect()).open('topic', '0')).snapshot;
    const stored = server.messages.length;
    const client = server.connect();
    const backplane = nats(client, client.jetstream);
    const { log } = backplane;
    let answer = (): void => undefined;
    client.onSend = () => new Promise<void>((resolve) => (answer = resolve));
    const waiting = append(log, at, 'a').catch((error: unknown) => error);
    await sleep(20); // the first request is under way
    await backplane.close();
    const closed = { code: 'closed' };
    expect(await waiting).toMatchObject(closed);
    client.onSend = () => undefined;
    answer();
    const late = [() => log.heads(['topic']), () => log.run(), () => append(log, at, 'b')];
    for (const ask of late) await expect(ask()).rejects.toMatchObject(closed);
    await sleep(20);
    expect(server.messages).toHaveLength(stored);
  });

  it('refuses entries of another format, and says so', async () => {
    const server = new FakeNats();
    const log = logOf(server.connect());
    const { at } = (await log.open('topic', '0')).snapshot;
    const subject = server.messages[0]?.subject as string;
    server.messages = [];
    server.store(subject, `create ${at.id} 1 0 tag:1 0`, 0);
    const error = { code: 'not-supported', message: expect.stringContaining('prefix') as string };
    await expect(log.open('topic', '0')).rejects.toMatchObject(error);
    await expect(log.append('topic', at, [{ tag: 'a', patch: '[]' }])).rejects.toMatchObject(error);
    await expect(log.read('topic', at)).rejects.toMatchObject(error);
    // The other topics of a hub go on.
    const other = (await log.open('other', '0')).snapshot.at;
    expect(await log.heads(['topic', 'other'])).toEqual([undefined, other]);
  });

  it('names the run after the server of a stream without replicas, also in a cluster', async () => {
    const server = new FakeNats();
    const log = logOf(server.connect());
    const run = async (leader: string, num_replicas: number): Promise<string> => {
      server.info = { config: { num_replicas }, cluster: { name: 'cluster', leader } };
      return log.run();
    };
    expect(await run('one', 1)).not.toBe(await run('two', 1));
    expect(await run('one', 3)).toBe(await run('two', 3));
  });

  it('names another run after each start of a server that stands alone, though its name stays', async () => {
    const server = new FakeNats();
    const log = logOf(server.connect());
    const run = await log.run();
    expect(await log.run()).toBe(run);
    server.save()(); // it loses nothing
    expect(await log.run()).not.toBe(run);
  });

  it('refuses a prefix in capitals, which would share the stream of another one', () => {
    const client = new FakeNats().connect();
    expect(() => nats(client, client.jetstream, { prefix: 'Velox' })).toThrow('small letters');
  });
});
