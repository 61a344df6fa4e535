/** Events on every way from a hub to its clients and back, also on a network that fails. */
import { describe, expect, it } from 'vitest';
import { numbersOf, setUp, TRANSPORTS, until, WAYS, type Listener, type Rig } from './ways.js';
import { sleep, trouble } from './trouble.js';

const COUNT = 300;
const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, at) => from + at);

/** Calls `send` with 0, 1, 2 … while the network fails. */
async function sendInTrouble(rig: Rig, send: (n: number) => void): Promise<void> {
  const troubled = trouble(rig);
  for (let n = 0; n < COUNT; n++) {
    send(n);
    if (n % 5 === 0) await sleep(5);
  }
  await troubled;
}

const notesOf = (listener: Listener): string[] => {
  const notes: string[] = [];
  listener.on('note', (text) => notes.push(text));
  return notes;
};

describe.each(WAYS)('over %s,', (way) => {
  it('casts reach exactly their recipients, each once', async () => {
    const rig = await setUp(way);
    const clients = [await rig.listen('ann'), await rig.listen('bob'), await rig.listen('eve')];
    const notes = clients.map(notesOf);
    const { hub } = rig;
    for (const session of hub.sessions()) {
      if (session.name !== 'eve') void session.join(['a', 'b']);
      if (session.name === 'bob') void session.join('c');
    }
    expect(hub.room('a').size).toBe(2);
    expect(hub.emit('note', 'all')).toBe(3);
    expect(hub.to(['a', 'b']).emit('note', 'rooms')).toBe(2);
    expect(hub.to('a').notIn('c').emit('note', 'not bob')).toBe(1);
    expect(hub.only('eve').emit('note', 'eve alone')).toBe(1);
    expect(hub.except(['ann', 'bob']).emit('note', 'eve left')).toBe(1);
    const [bobs] = hub.only('bob').sessions();
    expect(bobs?.broadcast.emit('note', 'not from bob')).toBe(2);
    expect(bobs?.to('a').emit('note', 'ann in a')).toBe(1);
    await until(() =>
      expect(notes).toEqual([
        ['all', 'rooms', 'not bob', 'not from bob', 'ann in a'],
        ['all', 'rooms'],
        ['all', 'eve alone', 'eve left', 'not from bob'],
      ]),
    );
  });

  it('events to rooms arrive in order and once on a network that fails', { timeout: 60_000 }, async () => {
    const rig = await setUp(way);
    const members = [await rig.listen('ann'), await rig.listen('bob')];
    const numbers = members.map(numbersOf);
    const other = numbersOf(await rig.listen('eve'));
    for (const session of rig.hub.only(['ann', 'bob']).sessions()) void session.join('room');
    await sendInTrouble(rig, (n) => rig.hub.to('room').emit('n', n));
    await until(() => expect(numbers.map(({ length }) => length)).toEqual([COUNT, COUNT]));
    expect(numbers).toEqual([range(COUNT), range(COUNT)]);
    expect(members.map(({ gaps }) => gaps)).toEqual([[], []]);
    expect(other).toEqual([]);
  });

  it.each([
    ['drop-oldest', range(10, 15), [15]],
    ['drop-newest', range(10), [15]],
    ['close', [], [null]],
  ] as const)('with %s, a client that was away gets these, and learns of the rest: %j', async (...row) => {
    const [overflow, kept, gaps] = row;
    const rig = await setUp(way, { events: { count: 10, overflow }, logger: () => undefined });
    const client = await rig.listen('ann');
    const numbers = numbersOf(client);
    await rig.proxy.refuse();
    await until(() => {
      rig.proxy.cut(); // refused, it does not come back; between two polls, there is nothing to cut
      expect(rig.hub.stats().away).toBe(1);
    });
    for (const n of range(25)) rig.hub.emit('n', n);
    await rig.proxy.heal();
    await until(() => expect([numbers, client.gaps]).toEqual([kept, gaps]));
    await until(() => {
      rig.hub.emit('n', 100);
      expect(numbers).toContain(100);
    });
  });

  it('with `replace`, a new client takes the name of the former one', async () => {
    const rig = await setUp(way, { duplicates: 'replace' });
    const former = notesOf(await rig.listen('ann'));
    const [session] = rig.hub.only('ann').sessions();
    const newer = notesOf(await rig.listen('ann'));
    await until(() => expect(rig.hub.only('ann').sessions()).not.toContain(session));
    await until(() => expect(rig.hub.only('ann').sessions()).toHaveLength(1));
    expect(rig.hub.only('ann').emit('note', 'hi')).toBe(1);
    await until(() => expect(newer).toEqual(['hi']));
    expect(former).toEqual([]);
  });
});

describe.each(TRANSPORTS)('to the server over %s,', (transport) => {
  it('events arrive in order and once on a network that fails', { timeout: 60_000 }, async () => {
    const rig = await setUp(transport);
    const numbers: unknown[] = [];
    rig.hub.on('n', (_, n) => numbers.push(n));
    const sync = rig.connect();
    await sendInTrouble(rig, (n) => sync.emit('n', n));
    await until(() => expect(numbers).toHaveLength(COUNT));
    expect(numbers).toEqual(range(COUNT));
    expect(sync.dropped.get()).toBe(0);
  });

  it('an event that is emitted just before close() arrives, whatever is under way', async () => {
    const rig = await setUp(transport);
    const notes: string[] = [];
    rig.hub.on('note', (_, note) => notes.push(note as string));
    const names = Array.from({ length: 10 }, (_, at) => `client ${at}`);
    for (const [at, name] of names.entries()) {
      const sync = rig.connect(name);
      sync.emit('note', `${name} first`);
      await until(() => expect(sync.status.get().state).toBe('open'));
      await sleep(at);
      sync.emit('note', `${name} second`);
      sync.close();
    }
    await until(() => expect(notes).toHaveLength(20));
    for (const name of names)
      expect(notes.filter((note) => note.startsWith(name))).toEqual([`${name} first`, `${name} second`]);
  });

  it('an event that is emitted just before session.close() arrives, whatever is under way', async () => {
    const rig = await setUp(transport);
    for (let at = 0; at < 10; at++) {
      const notes: string[] = [];
      const sync = rig.connect(`client ${at}`);
      sync.on('note', (note) => notes.push(note));
      await until(() => expect(rig.hub.sessions()).toHaveLength(1));
      await until(() => expect(sync.status.get().state).toBe('open'));
      const [session] = rig.hub.sessions();
      session!.emit('note', 'first');
      await sleep(at);
      for (const note of ['second', 'third']) session!.emit('note', note);
      session!.close('done', 'You are done.');
      await until(() => expect(sync.status.get().state).toBe('closed'));
      expect(notes).toEqual(['first', 'second', 'third']);
    }
  });
});
