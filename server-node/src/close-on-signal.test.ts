import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { closeOnSignal } from './index.js';

it('says goodbye and stops listening at the first signal, once', () => {
  const endpoint = { close: vi.fn(() => Promise.resolve()) };
  const server = Object.assign(new EventEmitter(), { close: vi.fn() });
  const before = process.listenerCount('SIGUSR2');
  const forget = closeOnSignal(endpoint, server, { drain: 100, signals: ['SIGUSR2'] });
  expect(process.listenerCount('SIGUSR2')).toBe(before + 1);
  process.emit('SIGUSR2', 'SIGUSR2');
  expect(endpoint.close).toHaveBeenCalledExactlyOnceWith({ drain: 100 });
  expect(server.close).toHaveBeenCalledOnce();
  expect(process.listenerCount('SIGUSR2')).toBe(before);
  forget();
});
