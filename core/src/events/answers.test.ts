import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createEventConnection } from '../connection/connection.js';
import { CallError } from '../protocol/call-error.js';
import { createFakeTransport } from '../testing/fake-transport.js';
import { createSync } from './sync.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const tick = () => vi.advanceTimersByTimeAsync(0);
const INTERNAL = { code: 'internal', message: 'the client failed.' };

/** The reply of a client whose handler of a call does this, and the errors that the client reports. */
async function ask(answer: () => unknown, limits = { frame: 1 << 20, depth: 500, rate: 1_000 }) {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const { transport, last } = createFakeTransport();
  const sync = createSync(createEventConnection({ url: 'http://h/', transports: [transport] }));
  sync.answer('ask', answer);
  await tick();
  last().hello({ limits: limits as never });
  last().say({ event: 'ask', data: 1, call: 7, seq: 1 });
  await tick();
  const replies = last().sent.filter((frame) => 'reply' in frame);
  sync.close();
  return { replies, reported };
}

const cycle: Record<string, unknown> = {};
cycle.self = cycle;

it.each([
  ['has a BigInt', { big: 1n }],
  ['has a cycle', cycle],
])('answers `internal` and reports the error if the data of a CallError %s', async (_, data) => {
  const { replies, reported } = await ask(() => {
    throw new CallError('sold-out', 'none left', data);
  });
  expect(replies).toEqual([{ reply: 7, seq: 1, error: INTERNAL }]);
  expect(reported).toHaveBeenCalledExactlyOnceWith(expect.any(TypeError));
});

it('answers `internal` and reports the error if a handler throws anything but a CallError', async () => {
  const error = new Error('secret');
  const { replies, reported } = await ask(() => Promise.reject(error));
  expect(replies).toEqual([{ reply: 7, seq: 1, error: INTERNAL }]);
  expect(reported).toHaveBeenCalledExactlyOnceWith(error);
});

it('answers with code, message and data of a CallError, and reports nothing', async () => {
  const { replies, reported } = await ask(() => {
    throw new CallError('sold-out', 'none left', { next: 2 });
  });
  const error = { code: 'sold-out', message: 'none left', data: { next: 2 } };
  expect(replies).toEqual([{ reply: 7, seq: 1, error }]);
  expect(reported).not.toHaveBeenCalled();
});

it('answers with texts if the code or the message of a CallError is none', async () => {
  const { replies } = await ask(() => {
    throw Object.assign(new CallError(404 as never, ''), { message: 5 });
  });
  expect(replies).toEqual([{ reply: 7, seq: 1, error: { code: '404', message: '5' } }]);
});

const LIMITS = { frame: 1_000, depth: 5, rate: 1_000 };

it.each([
  ['result', 'too-large', () => 'x'.repeat(1_000)],
  ['result', 'too-large', () => '\u4e2d'.repeat(400)],
  ['result', 'too-deep', () => [[[[[[]]]]]]],
  ['CallError', 'too-large', () => Promise.reject(new CallError('no', 'no', 'x'.repeat(1_000)))],
  ['CallError', 'too-large', () => Promise.reject(new CallError('no', 'x'.repeat(1_000)))],
  ['CallError', 'too-deep', () => Promise.reject(new CallError('no', 'no', [[[[[]]]]]))],
])(
  'answers `internal` and reports it if the %s of a handler is %s for the server',
  async (_, code, answer) => {
    const { replies, reported } = await ask(answer, LIMITS);
    expect(replies).toEqual([{ reply: 7, seq: 1, error: INTERNAL }]);
    expect(reported).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code }));
  },
);

it('answers with a result that just fits the limits of the server', async () => {
  const { replies, reported } = await ask(() => ['x'.repeat(900)], LIMITS);
  expect(replies).toEqual([{ reply: 7, seq: 1, data: ['x'.repeat(900)] }]);
  expect(reported).not.toHaveBeenCalled();
});

it('answers with a long result to a server that takes it', async () => {
  const long = 'x'.repeat(2 << 20);
  const { replies } = await ask(() => long, { ...LIMITS, frame: 4 << 20 });
  expect(replies).toEqual([{ reply: 7, seq: 1, data: long }]);
});
