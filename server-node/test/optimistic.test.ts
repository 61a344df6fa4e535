/** When the effect of an optimistic call gives way to the server's own: with the frame that brings it, whatever holds the value. */
import { optimistic } from '@velox/core/optimistic';
import { expect, it, vi } from 'vitest';
import { memory } from '../src/backplanes/memory/index.js';
import { createTestSync, type TestSync } from '../src/testing/index.js';

interface Board {
  rows: number[];
}
interface App {
  topics: { board: Board; game: Board; other: Board; [row: `items/${string}`]: Board };
  events: { added: number };
  calls: { add: [number, null] };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes a call that adds a row. Returns the values that its client showed, and the frames that it received. */
async function shown(
  test: TestSync<App>,
  topic: keyof App['topics'],
): Promise<{ rows: string; frames: string }> {
  const sync = test.connect();
  const replica = sync.replica(topic);
  const rows: string[] = [];
  const frames: string[] = [];
  replica.subscribe(() => rows.push(JSON.stringify(replica.get()?.rows)));
  sync.onFrame((frame) => {
    if ('made' in frame) frames.push('made');
    else if ('reply' in frame) frames.push('reply');
    else if ('version' in frame) frames.push('state');
  });
  await test.advance(1_000);
  rows.length = frames.length = 0;
  const call = sync.call('add', 1, { optimistic: optimistic(replica, (draft) => draft.rows.push(1)) });
  for (let turn = 0; turn < 50; turn++) await test.advance(20); // fetches begin with `setImmediate`, which is real
  expect(await call).toBeNull();
  return { rows: rows.join(' '), frames: frames.join(' ') };
}

/** The row is there from the first moment, once. */
const SEAMLESS = { rows: '[1] [1]', frames: 'made state reply' };

it('a viewed state: with the first change that the audience sees', async () => {
  await using test = await createTestSync<App>();
  const game = test.hub.state(
    'game',
    { rows: [] as number[], secret: 0 },
    { audience: () => null, view: ({ rows }) => ({ rows: [...rows] }) },
  );
  test.hub.answer('add', async (_, row) => {
    game.update((draft) => void draft.secret++);
    await sleep(20);
    game.update((draft) => void draft.rows.push(row as number));
    await sleep(200);
    return null;
  });
  expect(await shown(test, 'game')).toEqual(SEAMLESS);
});

it('a shared state: with the revision of the log', async () => {
  await using test = await createTestSync<App>({ backplane: memory() });
  const board = test.hub.shared('board', { rows: [] as number[] });
  test.hub.answer('add', async (_, row) => {
    await board.update((draft) => void draft.rows.push(row as number));
    await sleep(200);
    return null;
  });
  expect(await shown(test, 'board')).toEqual(SEAMLESS);
});

it('a shared state whose log tells of the revision before it answers: with the revision', async () => {
  const backplane = memory();
  const append = backplane.log.append.bind(backplane.log);
  vi.spyOn(backplane.log, 'append').mockImplementation(async (...given) => {
    const appended = await append(...given);
    await sleep(50);
    return appended;
  });
  await using test = await createTestSync<App>({ backplane });
  const board = test.hub.shared('board', { rows: [] as number[] });
  test.hub.answer('add', async (_, row) => {
    await board.update((draft) => void draft.rows.push(row as number));
    return null;
  });
  expect(await shown(test, 'board')).toEqual(SEAMLESS);
});

it('a shared state that is updated within a transaction: with the revision, after the commit', async () => {
  const backplane = memory();
  const { log } = backplane;
  const [append, follow] = [log.append.bind(log), log.follow.bind(log)];
  vi.spyOn(log, 'append').mockImplementation((topic, after, revisions) => append(topic, after, revisions));
  vi.spyOn(log, 'follow').mockImplementation((topic, onRevision, onDoubt) =>
    follow(topic, (revision) => void sleep(50).then(() => onRevision(revision)), onDoubt),
  );
  await using test = await createTestSync<App>({ backplane });
  const board = test.hub.shared('board', { rows: [] as number[] });
  test.hub.answer('add', async (_, row) => {
    await board.update((draft) => void draft.rows.push(row as number), { within: {} });
    await sleep(200);
    return null;
  });
  expect(await shown(test, 'board')).toEqual(SEAMLESS);
});

it('a row that is put: with the row', async () => {
  await using test = await createTestSync<App>();
  const items = test.hub.entity('items', { fetch: () => ({ rows: [] as number[] }) });
  test.hub.answer('add', async (_, row) => {
    items.put('1', { rows: [row as number] });
    await sleep(200);
    return null;
  });
  expect(await shown(test, 'items/1')).toEqual(SEAMLESS);
});

/** An entity whose fetches take so many ms, and a call that adds to its row. */
function notifying(test: TestSync<App>, ms: number): void {
  const database: Board = { rows: [] };
  const items = test.hub.entity('items', {
    async fetch() {
      const row = structuredClone(database);
      if (row.rows.length > 0) await sleep(ms);
      return row;
    },
  });
  test.hub.answer('add', (_, row) => {
    database.rows.push(row as number);
    items.notify('1');
    return null;
  });
}

it('a row that is notified: with the fetched row, which the reply awaits', async () => {
  await using test = await createTestSync<App>();
  notifying(test, 200);
  expect(await shown(test, 'items/1')).toEqual(SEAMLESS);
});

it('a row that is notified during a fetch that has read the change: with the next fetch, and not twice before', async () => {
  await using test = await createTestSync<App>();
  const database: Board = { rows: [] };
  const items = test.hub.entity('items', {
    async fetch() {
      await sleep(100);
      return structuredClone(database);
    },
  });
  test.hub.answer('add', async (_, row) => {
    await sleep(50);
    database.rows.push(row as number);
    items.notify('1');
    return null;
  });
  setTimeout(() => items.notify('1'), 1_010); // another program has changed the row
  expect(await shown(test, 'items/1')).toEqual(SEAMLESS);
});

it('a row that optimistic calls notify during each of its fetches: other clients still follow it', async () => {
  await using test = await createTestSync<App>();
  const database: Board = { rows: [] };
  const items = test.hub.entity('items', {
    async fetch() {
      await sleep(100);
      return structuredClone(database);
    },
  });
  test.hub.answer('add', (_, row) => {
    database.rows.push(row as number);
    items.notify('1');
    return null;
  });
  const [writer, reader] = [test.connect(), test.connect()];
  const replica = reader.replica('items/1');
  replica.subscribe(() => undefined);
  const copy = writer.replica('items/1');
  copy.subscribe(() => undefined);
  await test.advance(1_000);
  for (let row = 0; row < 20; row++) {
    void writer.call('add', row, { optimistic: optimistic(copy, (draft) => draft.rows.push(row)) });
    await test.advance(40);
  }
  expect(replica.get()?.rows.length).toBeGreaterThan(14);
  await test.advance(1_000);
  expect(replica.get()?.rows).toHaveLength(20);
});

it('a row that is notified, and whose fetch takes long: with the reply, which waits for 3 s at most', async () => {
  await using test = await createTestSync<App>();
  notifying(test, 5_000);
  const sync = test.connect();
  const replica = sync.replica('items/1');
  replica.subscribe(() => undefined);
  await test.advance(1_000);
  const onReply = vi.fn();
  const change = optimistic(replica, (draft) => draft.rows.push(1));
  void sync.call('add', 1, { optimistic: change }).then(onReply);
  await test.advance(2_900);
  expect(onReply).not.toHaveBeenCalled();
  await test.advance(200);
  expect(onReply).toHaveBeenCalledWith(null);
  await test.advance(3_000);
  expect(replica.get()?.rows).toEqual([1]);
});

it('a row that is notified, and that the client does not see: the reply waits for nothing', async () => {
  await using test = await createTestSync<App>();
  notifying(test, 5_000);
  test.hub.state('board', { rows: [] as number[] });
  test
    .connect()
    .replica('items/1')
    .subscribe(() => undefined);
  await test.advance(1_000);
  expect(await shown(test, 'board')).toEqual({ rows: '[1] []', frames: 'reply' });
});

it.each(['a lost link', 'a renewed token', 'recheck()'])(
  'a topic whose rights are asked for after %s: events and the reply wait for the answer',
  async (cause) => {
    await using test = await createTestSync<App>({
      authorize: () => ({ id: 'ann' }),
      canSubscribe: () => sleep(500).then(() => true),
    });
    const board = test.hub.state('board', { rows: [] as number[] });
    test.hub.answer('add', async (session, row) => {
      await sleep(30);
      board.update((draft) => void draft.rows.push(row as number));
      session.emit('added', row as number);
      return null;
    });
    const sync = test.connect({ auth: () => 'token' });
    const replica = sync.replica('board');
    const shown: string[] = [];
    await test.advance(1_000);
    replica.subscribe(() => shown.push(JSON.stringify(replica.get()?.rows)));
    sync.on('added', () => shown.push('event'));
    await test.advance(1_000);
    shown.length = 0;
    const onReply = vi.fn();
    const change = optimistic(replica, (draft) => draft.rows.push(1));
    void sync.call('add', 1, { optimistic: change }).then(onReply);
    await test.advance(5);
    if (cause === 'a lost link') test.inflict({ harm: 'drop' });
    else if (cause === 'recheck()') void test.hub.recheck();
    else void sync.renew();
    await test.advance(3_000);
    expect(shown.filter((each, at) => each !== shown[at - 1])).toEqual(['[1]', 'event']);
    expect(onReply).toHaveBeenCalledWith(null);
  },
);

it('a topic whose rights are asked for: events wait for 3 s at most', async () => {
  let answer = (): void => undefined;
  let isSlow = false;
  await using test = await createTestSync<App>({
    canSubscribe: () => !isSlow || new Promise<boolean>((resolve) => (answer = () => resolve(true))),
  });
  test.hub.state('board', { rows: [] as number[] });
  test.hub.state('other', { rows: [] as number[] });
  const sync = test.connect();
  const onEvent = vi.fn();
  sync.on('added', onEvent);
  sync.replica('board').subscribe(() => undefined);
  await test.advance(1_000);
  isSlow = true;
  void test.hub.recheck();
  test.hub.sessions()[0]?.emit('added', 1);
  await test.advance(2_900);
  expect(onEvent).not.toHaveBeenCalled();
  await test.advance(200);
  expect(onEvent).toHaveBeenCalledTimes(1);
  answer();
  await test.advance();
  sync.replica('other').subscribe(() => undefined); // the client had no value of it
  await test.advance();
  test.hub.sessions()[0]?.emit('added', 2);
  await test.advance();
  expect(onEvent).toHaveBeenCalledTimes(2);
});
