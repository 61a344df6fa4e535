import { EventEmitter } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { closeOnSignal, createHub } from './index.js';

const signals = ['SIGUSR2'] as const;
const newServer = () => Object.assign(new EventEmitter(), { close: vi.fn() });

it('says goodbye and stops listening at the first signal, once', () => {
  const endpoint = { close: vi.fn(() => Promise.resolve()) };
  const server = newServer();
  const before = process.listenerCount('SIGUSR2');
  const forget = closeOnSignal(endpoint, server, { drain: 100, signals });
  expect(process.listenerCount('SIGUSR2')).toBe(before + 1);
  process.emit('SIGUSR2', 'SIGUSR2');
  expect(endpoint.close).toHaveBeenCalledExactlyOnceWith({ drain: 100 });
  expect(server.close).toHaveBeenCalledOnce();
  forget();
  expect(process.listenerCount('SIGUSR2')).toBe(before);
});

it('ignores a signal that is repeated within 500 ms, and leaves later ones their default effect', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const endpoint = { close: vi.fn(() => Promise.resolve()) };
  const before = process.listenerCount('SIGUSR2');
  closeOnSignal(endpoint, newServer(), { signals });
  process.emit('SIGUSR2', 'SIGUSR2');
  vi.advanceTimersByTime(499);
  process.emit('SIGUSR2', 'SIGUSR2');
  expect(endpoint.close).toHaveBeenCalledOnce();
  expect(process.listenerCount('SIGUSR2')).toBe(before + 1);
  vi.advanceTimersByTime(1);
  expect(process.listenerCount('SIGUSR2')).toBe(before);
});

it('calls onClosed once the endpoint has closed', async () => {
  let end = (): void => undefined;
  const endpoint = { close: () => new Promise<void>((resolve) => (end = resolve)) };
  const onClosed = vi.fn();
  closeOnSignal(endpoint, newServer(), { signals, onClosed });
  process.emit('SIGUSR2', 'SIGUSR2');
  await new Promise(setImmediate);
  expect(onClosed).not.toHaveBeenCalled();
  end();
  await vi.waitFor(() => expect(onClosed).toHaveBeenCalledOnce());
});

it('an endpoint and an onClosed that fail are warnings, and do not end the process', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const endpoint = { close: () => Promise.reject(new Error('of the endpoint')) };
  const onClosed = () => Promise.reject(new Error('of the application'));
  closeOnSignal(endpoint, newServer(), { signals, onClosed });
  process.emit('SIGUSR2', 'SIGUSR2');
  await vi.waitFor(() => expect(warned).toHaveBeenCalledTimes(2));
  warned.mockRestore();
});

describe('a wrong argument is refused before a signal comes', () => {
  it.each([undefined, 5, { drain: 100 }])('a server: %o', (server) => {
    const before = process.listenerCount('SIGTERM');
    expect(() => closeOnSignal(createHub(), server as never)).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: expect.stringMatching(
          /^velox: closeOnSignal\(\) got .+ as a server\. Pass the server that listens/,
        ) as string,
      }),
    );
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  it.each([undefined, {}])('an endpoint: %o', (endpoint) => {
    expect(() => closeOnSignal(endpoint as never, newServer())).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: expect.stringContaining('as an endpoint. Pass a hub') as string,
      }),
    );
  });
});
