/** Data of clients that Standard Schemas check before a handler sees it. */
import { defineContract, type Sync } from '@velox/core';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import {
  CallError,
  createHub,
  type Hub,
  type HubOptions,
  type LogEntry,
  type StandardSchema,
} from '../src/index.js';
import { createTestSync, type TestSync } from '../src/testing/index.js';

const SECRET = 'the value of a client';

interface Rig {
  readonly test: TestSync;
  readonly hub: Hub;
  readonly sync: Sync;
  readonly log: LogEntry[];
  readonly heard: unknown[];
}

async function setUp(options: HubOptions = {}): Promise<Rig> {
  const log: LogEntry[] = [];
  const test = await createTestSync({ logger: (entry) => log.push(entry), ...options });
  onTestFinished(() => test.close());
  return { test, hub: test.hub, sync: test.connect(), log, heard: [] };
}

/** The outcome of a promise, after virtual time has passed. */
async function outcome({ test }: Rig, promise: Promise<unknown>): Promise<unknown> {
  const settled = promise.then(
    (value) => ({ value }),
    ({ code, message, data }: CallError) => ({ code, message, data }),
  );
  await test.advance();
  return settled;
}

const LIBRARIES = {
  zod: z.object({ rows: z.array(z.object({ 'a/b': z.number() })), at: z.string().transform(Number) }),
  valibot: v.object({
    rows: v.array(v.object({ 'a/b': v.number() })),
    at: v.pipe(v.string(), v.transform(Number)),
  }),
  arktype: type({ rows: type({ 'a/b': 'number' }).array(), at: 'string.numeric.parse' }),
};
const GOOD = { rows: [{ 'a/b': 1 }], at: '7' };
const BAD = { rows: [{ 'a/b': 1 }, { 'a/b': SECRET }], at: '7' };
const PATHS = { paths: ['/rows/1/a~1b'] };

describe.each(Object.entries(LIBRARIES))('a schema of %s', (_, schema) => {
  it('gives its output to the handler of an event; an invalid event is dropped, counted and logged', async () => {
    const rig = await setUp();
    rig.hub.on('note', schema, (_session, data) => rig.heard.push(data));
    rig.hub.on('note', () => rig.heard.push('a handler without a schema'));
    for (const data of [GOOD, BAD]) rig.sync.emit('note', data);
    await rig.test.advance();
    const output = { ...GOOD, at: 7 };
    expect(rig.heard).toEqual([output, 'a handler without a schema', 'a handler without a schema']);
    expect(rig.hub.stats().invalid).toBe(1);
    const dropped = rig.log.filter(({ event }) => event === 'invalid event');
    expect(dropped).toEqual([expect.objectContaining({ level: 'warn', name: 'note', ...PATHS })]);
    expect(JSON.stringify(rig.log)).not.toContain(SECRET);
  });

  it('gives its output to the handler of a call; the caller of an invalid call gets the paths', async () => {
    const rig = await setUp();
    rig.hub.answer('sum', schema, (_session, data) => [data]);
    expect(await outcome(rig, rig.sync.call('sum', GOOD))).toEqual({ value: [{ ...GOOD, at: 7 }] });
    const failure = await outcome(rig, rig.sync.call('sum', BAD));
    expect(failure).toMatchObject({ code: 'invalid', data: PATHS });
    expect(JSON.stringify(failure)).not.toContain(SECRET);
  });
});

const app = defineContract({
  topics: { board: z.object({ title: z.string() }) },
  events: { chat: z.object({ text: z.string().trim() }) },
  calls: {
    rename: [z.string().min(3), z.object({ left: z.number() })],
    ask: [z.string(), z.string().transform((text) => text.toUpperCase())],
  },
  rooms: z.enum(['lobby', 'game']),
});

describe('a hub with a contract', () => {
  const checked = (options: HubOptions = {}): Promise<Rig> => setUp({ contract: app, ...options });

  it('checks each event once, before all its handlers', async () => {
    const rig = await checked();
    for (const name of ['a', 'b']) rig.hub.on('chat', (_, data) => rig.heard.push([name, data]));
    for (const data of [{ text: ' hi ' }, { text: 7 }, null]) rig.sync.emit('chat', data);
    await rig.test.advance();
    expect(rig.heard).toEqual([
      ['a', { text: 'hi' }],
      ['b', { text: 'hi' }],
    ]);
    expect(rig.hub.stats().invalid).toBe(2);
    expect(rig.log.map(({ paths }) => paths)).toEqual([['/text'], ['']]);
  });

  it('checks calls and the replies of its own handlers', async () => {
    const rig = await checked();
    rig.hub.answer('rename', (_, name) => ({ left: name === 'odd' ? SECRET : 3, more: 1 }));
    expect(await outcome(rig, rig.sync.call('rename', 'Ann'))).toEqual({ value: { left: 3 } });
    expect(await outcome(rig, rig.sync.call('rename', 'A'))).toMatchObject({
      code: 'invalid',
      data: { paths: [''] },
    });
    expect(await outcome(rig, rig.sync.call('rename', 'odd'))).toMatchObject({ code: 'internal' });
    const error = rig.log.find(({ level }) => level === 'error')?.error;
    expect(String(error)).toMatch(/the reply to the call "rename" is invalid at "\/left"/);
    expect(String(error)).not.toContain(SECRET);
  });

  it('checks the replies of clients', async () => {
    const rig = await checked();
    rig.sync.answer('ask', (question) => (question === 'well' ? 'yes' : 7));
    await rig.test.advance();
    const [session] = rig.hub.sessions();
    expect(await outcome(rig, session!.call('ask', 'well'))).toEqual({ value: 'YES' });
    expect(await outcome(rig, session!.call('ask', 'other'))).toMatchObject({ code: 'invalid' });
    const [many] = await Promise.all([rig.hub.call('ask', 'other'), rig.test.advance()]);
    expect(many).toEqual([{ session, error: expect.objectContaining({ code: 'invalid' }) as unknown }]);
  });

  it('checks the names of rooms that clients join', async () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    onTestFinished(() => void vi.unstubAllGlobals());
    const rig = await checked({ canJoin: () => true });
    for (const room of ['lobby', 'attic']) rig.sync.join(room);
    await rig.test.advance();
    expect(rig.hub.sessions()[0]?.rooms).toEqual(['lobby']);
    expect(reported).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'invalid' }));
  });

  it('has no handler for names that are not in its contract', async () => {
    const rig = await checked();
    const on = (name: string) => () => rig.hub.on(name, () => undefined);
    expect(on('chatt')).toThrow('the contract has no event "chatt"');
    expect(on('constructor')).toThrow('the contract has no event "constructor"');
    expect(() => rig.hub.answer('renam', () => 1)).toThrow('the contract has no call "renam"');
    rig.sync.emit('constructor', 1);
    expect(await outcome(rig, rig.sync.call('toString', 1))).toMatchObject({ code: 'no-handler' });
  });

  it('refuses entries that are no schemas', () => {
    expect(() => createHub({ contract: 7 as never })).toThrow('Pass the result of defineContract()');
    expect(() => defineContract({ events: { chat: {} as never } })).toThrow(
      'defineContract() got no schema for "events.chat". Pass a Standard Schema.',
    );
    expect(() => defineContract({ calls: { rename: [z.string()] as never } })).toThrow(
      'defineContract() got no schema for "calls.rename". Pass two Standard Schemas: [data, reply].',
    );
    expect(() => defineContract({ rooms: 'lobby' as never })).toThrow('no schema for "rooms"');
  });
});

/** A schema that answers when it is told to. */
function slowSchema(): { schema: StandardSchema; answer: (isSound?: boolean) => void } {
  const waiting: ((isSound: boolean) => void)[] = [];
  const validate = (value: unknown): Promise<{ value: unknown } | { issues: object[] }> =>
    new Promise((resolve) => waiting.push((isSound) => resolve(isSound ? { value } : { issues: [{}] })));
  const schema: StandardSchema = { '~standard': { version: 1, vendor: 'test', validate } };
  return { schema, answer: (isSound = true) => waiting.shift()?.(isSound) };
}

describe('a schema that answers later', () => {
  it('keeps the order of events and calls of its session', async () => {
    const rig = await setUp();
    const { schema, answer } = slowSchema();
    rig.hub.on('slow', schema, (_, data) => rig.heard.push(data));
    rig.hub.on('fast', (_, data) => rig.heard.push(data));
    rig.hub.answer('call', (_, data) => rig.heard.push(data));
    rig.sync.emit('slow', 1);
    rig.sync.emit('slow', 2);
    rig.sync.emit('fast', 3);
    const call = outcome(rig, rig.sync.call('call', 4));
    const other = rig.test.connect();
    other.emit('fast', 'another session');
    await rig.test.advance();
    expect(rig.heard).toEqual(['another session']);
    answer();
    await rig.test.advance();
    answer(false);
    await rig.test.advance();
    expect(rig.heard).toEqual(['another session', 1, 3, 4]);
    expect(rig.hub.stats().invalid).toBe(1);
    await call;
  });

  it('is reported if it takes longer than limits.handshake, and later events are handled', async () => {
    const rig = await setUp({ limits: { handshake: 1_000 } });
    const { schema } = slowSchema();
    rig.hub.on('slow', schema, () => rig.heard.push('slow'));
    rig.hub.on('fast', () => rig.heard.push('fast'));
    rig.hub.answer('call', schema, () => 1);
    rig.sync.emit('slow', 1);
    await rig.test.advance(500);
    rig.sync.emit('fast', 1);
    await rig.test.advance(600);
    expect(rig.heard).toEqual(['fast']);
    expect(rig.log).toEqual([
      expect.objectContaining({
        level: 'error',
        error: expect.objectContaining({ code: 'timeout' }) as unknown,
      }),
    ]);
    const call = outcome(rig, rig.sync.call('call', 1));
    await rig.test.advance(1_100);
    expect(await call).toMatchObject({ code: 'internal' });
  });

  it('lets hub.once() run its handler once for the events of two clients that it checks meanwhile', async () => {
    const rig = await setUp();
    const { schema, answer } = slowSchema();
    rig.hub.once('pay', schema, (_, data) => rig.heard.push(data));
    for (const [sync, data] of [[rig.sync, 'first'] as const, [rig.test.connect(), 'second'] as const]) {
      sync.emit('pay', data);
      await rig.test.advance();
    }
    answer();
    answer();
    await rig.test.advance();
    expect(rig.heard).toEqual(['first']);
    rig.sync.emit('pay', 'third');
    await rig.test.advance();
    expect(rig.log).toMatchObject([{ event: 'unhandled event', name: 'pay' }]);
  });

  it('does not use up hub.once() if the first event is not sound', async () => {
    const rig = await setUp();
    const { schema, answer } = slowSchema();
    rig.hub.once('pay', schema, (_, data) => rig.heard.push(data));
    for (const [sync, data] of [[rig.sync, 'unsound'] as const, [rig.test.connect(), 'sound'] as const]) {
      sync.emit('pay', data);
      await rig.test.advance();
    }
    answer(false);
    answer();
    await rig.test.advance();
    expect(rig.heard).toEqual(['sound']);
  });

  it('starts no handler that was removed meanwhile', async () => {
    const rig = await setUp();
    const { schema, answer } = slowSchema();
    const remove = rig.hub.on('slow', schema, (_, data) => rig.heard.push(data));
    rig.sync.emit('slow', 1);
    await rig.test.advance();
    remove();
    answer();
    await rig.test.advance();
    expect(rig.heard).toEqual([]);
  });

  it('starts no handler after its session has ended', async () => {
    const rig = await setUp();
    const { schema, answer } = slowSchema();
    const handler = vi.fn();
    rig.hub.on('slow', schema, handler);
    rig.hub.answer('call', schema, handler);
    rig.sync.emit('slow', 1);
    rig.sync.call('call', 1).catch(() => undefined);
    await rig.test.advance();
    rig.hub.sessions()[0]?.close();
    answer();
    await rig.test.advance();
    answer();
    await rig.test.advance();
    expect(handler).not.toHaveBeenCalled();
  });
});

it('a schema that throws is reported, and its event is dropped', async () => {
  const rig = await setUp();
  const broken = z.unknown().transform(() => {
    throw new Error('of the schema');
  });
  rig.hub.on('note', broken, () => rig.heard.push(1));
  rig.sync.emit('note', 1);
  await rig.test.advance();
  expect(rig.heard).toEqual([]);
  expect(rig.log).toEqual([expect.objectContaining({ level: 'error', name: 'note' })]);
  expect(rig.hub.stats().invalid).toBe(0);
});
