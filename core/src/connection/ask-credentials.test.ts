import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFakeTransport, type FakeLink } from '../testing/fake-transport.js';
import { createConnection } from './connection.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const tick = () => vi.advanceTimersByTimeAsync(0);
const renewals = ({ sent }: FakeLink): unknown[] =>
  sent.flatMap((frame) => ('auth' in frame ? [frame.auth] : []));

interface Question {
  readonly answer: (token: string) => void;
  readonly fail: (error: Error) => void;
}

/** An open connection with the token `first`, whose application answers later questions when the test does. */
async function setUpOpen() {
  const fake = createFakeTransport();
  const questions: Question[] = [];
  const auth = vi.fn(() => new Promise<string>((answer, fail) => questions.push({ answer, fail })));
  auth.mockResolvedValueOnce('first');
  const sync = createConnection({ url: 'http://h/', transports: [fake.transport], auth });
  sync.replica().subscribe(() => {});
  await tick();
  fake.last().hello();
  return { ...fake, sync, questions };
}

it('keeps the answer to the later of two renewals if the answer to the earlier one comes last', async () => {
  const { sync, last, questions } = await setUpOpen();
  const earlier = sync.renew();
  const later = sync.renew();
  await tick();
  questions[1]!.answer('new');
  await later;
  questions[0]!.answer('old');
  await earlier;
  expect(new Set(renewals(last()))).toEqual(new Set(['new']));
  expect(last().attempt.headers).toEqual({ authorization: 'Bearer new' });
});

it('replaces the answer to the earlier of two renewals by that to the later one', async () => {
  const { sync, last, questions } = await setUpOpen();
  const both = [sync.renew(), sync.renew()];
  await tick();
  for (const [index, token] of ['old', 'new'].entries()) {
    questions[index]!.answer(token);
    await both[index];
  }
  expect(renewals(last())).toEqual(['old', 'new']);
  expect(last().attempt.headers).toEqual({ authorization: 'Bearer new' });
});

it('uses the answer to the earlier of two renewals if the later one fails', async () => {
  const { sync, last, questions } = await setUpOpen();
  const earlier = sync.renew();
  const later = expect(sync.renew()).rejects.toThrow('no login');
  await tick();
  questions[1]!.fail(new Error('no login'));
  await later;
  questions[0]!.answer('old');
  await earlier;
  expect(renewals(last())).toEqual(['old']);
});

it('begins an attempt with the token of a renewal that was asked for during its own question', async () => {
  const { sync, last, links, questions } = await setUpOpen();
  sync.reconnect();
  await tick();
  const renewal = sync.renew();
  await tick();
  questions[1]!.answer('new');
  await renewal;
  expect(links).toHaveLength(1);
  questions[0]!.answer('old');
  await tick();
  expect(links).toHaveLength(2);
  expect(last().attempt.open[0]).toMatchObject({ open: { token: 'new' } });
  expect(last().attempt.headers).toEqual({ authorization: 'Bearer new' });
});

it('sends a token that was renewed while the link opened, once the server says hello', async () => {
  const { sync, last, questions } = await setUpOpen();
  sync.reconnect();
  await tick();
  questions[0]!.answer('second');
  await tick();
  const renewal = sync.renew();
  await tick();
  questions[1]!.answer('third');
  await renewal;
  expect(last().attempt.open[0]).toMatchObject({ open: { token: 'second' } });
  expect(renewals(last())).toEqual([]);
  last().hello();
  expect(renewals(last())).toEqual(['third']);
});

it.each([null, undefined, ''])('opens without a token if `auth` returns %j', async (token) => {
  const { transport, last } = createFakeTransport();
  const sync = createConnection({ url: 'http://h/', transports: [transport], auth: () => token as string });
  sync.replica().subscribe(() => {});
  await tick();
  expect(JSON.stringify(last().attempt.open[0])).toBe('{"open":{}}');
});

it('refuses a token that is no text', async () => {
  const { transport, links } = createFakeTransport();
  const sync = createConnection({ url: 'http://h/', transports: [transport], auth: () => 5 as never });
  sync.replica().subscribe(() => {});
  await tick();
  expect(sync.status.get().reason).toMatchObject({
    code: 'auth',
    message: expect.stringContaining('Return printable ASCII') as string,
  });
  expect(links).toEqual([]);
});

it.each([
  ['rejects', 'throws'],
  ['throws', 'rejects'],
  ['rejects', 'rejects'],
] as const)('leaves no rejection unhandled if `headers` %s and `auth` %s', async (headers, auth) => {
  vi.useRealTimers();
  const onUnhandled = vi.fn();
  process.on('unhandledRejection', onUnhandled);
  const fail = (how: 'throws' | 'rejects') => (): Promise<never> => {
    const error = new Error('no login');
    if (how === 'throws') throw error;
    return Promise.reject(error);
  };
  const { transport, links } = createFakeTransport();
  const options = { transports: [transport], headers: fail(headers), auth: fail(auth) };
  const sync = createConnection({ url: 'http://h/', ...options });
  sync.replica().subscribe(() => {});
  await vi.waitFor(() => {
    expect(sync.status.get().reason).toEqual({ code: 'auth', message: 'Error: no login' });
  });
  await new Promise((resolve) => setTimeout(resolve));
  sync.close();
  process.off('unhandledRejection', onUnhandled);
  expect(onUnhandled).not.toHaveBeenCalled();
  expect(links).toEqual([]);
});
