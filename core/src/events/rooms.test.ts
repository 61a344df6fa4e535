import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createEventConnection } from '../connection/connection.js';
import { createFakeTransport } from '../testing/fake-transport.js';
import { createSync } from './sync.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An open connection whose server answers nothing, and the calls that its newest link has sent. */
async function setUpOpen() {
  const fake = createFakeTransport();
  const sync = createSync(createEventConnection({ url: 'http://h/', transports: [fake.transport] }));
  sync.on('news', () => undefined); // keeps it open
  await vi.advanceTimersByTimeAsync(0);
  fake.last().hello();
  const sent = (): unknown[][] =>
    fake.last().sent.flatMap((frame) => ('event' in frame ? [[frame.event, frame.data]] : []));
  /** Comes back to the session after so long that nothing is kept. */
  const returnLate = async (): Promise<void> => {
    await vi.advanceTimersByTimeAsync(20_000);
    while (fake.last().closed) await vi.advanceTimersByTimeAsync(100);
    fake.last().hello();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { ...fake, sync, sent, returnLate };
}

it('joins a room on the next link of its session if the call was dropped', async () => {
  const { sync, last, sent, returnLate } = await setUpOpen();
  last().lose();
  sync.join('hall');
  await returnLate();
  expect(sent()).toEqual([['$join', 'hall']]);
});

it('leaves a room on the next link of its session if the call was dropped', async () => {
  const { sync, last, sent, returnLate } = await setUpOpen();
  const leave = sync.join('hall');
  last().say({ reply: 1, data: null });
  last().lose();
  leave();
  await returnLate();
  expect(sent()).toEqual([['$leave', 'hall']]);
});

it('joins a room again after the client left and joined it while its calls were dropped', async () => {
  const { sync, last, sent, returnLate } = await setUpOpen();
  const leave = sync.join('hall');
  last().lose();
  leave();
  sync.join('hall');
  await returnLate();
  expect(sent().at(-1)).toEqual(['$join', 'hall']);
});

it('joins a room again on the same link if the server of the call is gone', async () => {
  const { sync, last, sent } = await setUpOpen();
  sync.join('hall');
  last().say({ reply: 1, error: { code: 'unknown-outcome', message: '' } });
  await vi.advanceTimersByTimeAsync(0);
  expect(sent()).toEqual([
    ['$join', 'hall'],
    ['$join', 'hall'],
  ]);
});

it('ends the interest in a room quietly after the connection was closed', async () => {
  const { sync, last } = await setUpOpen();
  const leave = sync.join('hall');
  last().lose();
  await vi.advanceTimersByTimeAsync(20_000);
  sync.close();
  expect(leave).not.toThrow();
});

it('joins its rooms in a new session before all that waited for it', async () => {
  const { sync, last, sent } = await setUpOpen();
  for (const room of ['hall', 'yard']) sync.join(room);
  for (const reply of [1, 2]) last().say({ reply, data: null });
  sync.emit('written', 1);
  sync.call('asked', 2, { idempotent: true }).catch(() => undefined);
  last().lose();
  sync.emit('waited', 3);
  sync.channel('files').emit('file', 3);
  sync.call('asked again', 4).catch(() => undefined);
  await vi.advanceTimersByTimeAsync(2_000);
  last().hello({ session: 's2' });
  await vi.advanceTimersByTimeAsync(0);
  expect(sent().map(([event]) => event)).toEqual([
    ...['$join', '$join', 'written', 'file', 'asked', 'waited', 'asked again'],
  ]);
});
