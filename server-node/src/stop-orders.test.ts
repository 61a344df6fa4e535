import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { obeyStopOrders } from './stop-orders.js';

const EVENTS = ['message', 'newListener', 'removeListener', 'SIGTERM', 'SIGINT'] as const;
const kill = vi.spyOn(process, 'kill');
let before: Map<string, unknown[]>;

/** The listeners that the test runner does not have. */
const listenersOf = (event: string): ((...args: unknown[]) => void)[] =>
  (process.rawListeners(event) as ((...args: unknown[]) => void)[]).filter(
    (listener) => !before.get(event)?.includes(listener),
  );
const order = (message: unknown): void => {
  for (const listener of listenersOf('message')) listener(message);
};

beforeEach(() => {
  before = new Map(EVENTS.map((event) => [event, process.rawListeners(event)]));
  kill.mockReturnValue(true);
  obeyStopOrders();
});
afterEach(() => {
  for (const event of ['newListener', 'removeListener', ...EVENTS])
    for (const listener of listenersOf(event)) process.off(event, listener);
  vi.resetAllMocks();
});

it('an order gives a worker the signal, and other messages do not', () => {
  for (const message of [null, 'x', {}, { veloxStop: 'SIGKILL' }]) order(message);
  expect(kill).not.toHaveBeenCalled();
  order({ veloxStop: 'SIGINT' });
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']]);
});

it('an order has no effect after a signal that the application received with its process group', () => {
  process.once('SIGTERM', () => undefined);
  process.emit('SIGTERM', 'SIGTERM');
  order({ veloxStop: 'SIGTERM' });
  expect(kill).not.toHaveBeenCalled();
});

it('a signal has its default effect while the application does not listen to it', () => {
  expect(listenersOf('SIGTERM')).toEqual([]);
  const [one, two] = [() => undefined, () => undefined];
  process.on('SIGTERM', one).once('SIGTERM', two);
  expect(listenersOf('SIGTERM')).toHaveLength(3);
  process.off('SIGTERM', one).off('SIGTERM', two);
  expect(listenersOf('SIGTERM')).toEqual([]);
});
