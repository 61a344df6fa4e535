import cluster, { type Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { workers } from './workers.js';

const options = { grpc: {} as never, database: () => ({}) as never, count: 2 };
const fork = vi.spyOn(cluster, 'fork');
const warned = vi.spyOn(process, 'emitWarning');
const exitCode = process.exitCode;

beforeEach(() => {
  vi.useFakeTimers();
  warned.mockReturnValue();
  fork.mockImplementation(() => new EventEmitter() as Worker);
});
afterEach(() => {
  vi.useRealTimers();
  vi.resetAllMocks();
  process.exitCode = exitCode;
});

/** Ends the worker that was started last, or another one. */
const end = (code: number, at = -1): void => {
  (fork.mock.results.at(at)?.value as Worker).emit('exit', code, null);
};

describe('workers in the primary process', () => {
  it('refuses Node without node:sqlite before it starts a process, if it gets no database', async () => {
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
    await expect(workers({ grpc: options.grpc, count: 2 }, () => {})).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringMatching(/^velox: workers\(\) has no database\. Pass `database`/) as string,
    });
    expect(fork).not.toHaveBeenCalled();
  });

  it.each<[string, unknown[], RegExp]>([
    ['without options', [], /got undefined as options\. Pass an object/],
    ['without grpc', [{ count: 2 }, () => {}], /got undefined as option "grpc"\. Pass the module/],
    ['without a function', [options], /got undefined as its second argument\. Pass a function/],
  ])('is refused %s', async (_, given, message) => {
    await expect(workers(...(given as Parameters<typeof workers>))).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringMatching(message) as string,
    });
    expect(fork).not.toHaveBeenCalled();
  });

  it('replaces a worker that ended after 0.5 s', async () => {
    await workers(options, () => {});
    expect(fork).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(60_000);
    end(1);
    await vi.advanceTimersByTimeAsync(499);
    expect(fork).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(fork).toHaveBeenCalledTimes(3);
  });

  it('gives up a worker that ends at its start, says so, and fails once none is left', async () => {
    await workers({ ...options, count: 1 }, () => {});
    for (let n = 0; n < 8; n++) {
      end(7);
      await vi.advanceTimersToNextTimerAsync();
    }
    expect(fork).toHaveBeenCalledTimes(8);
    expect(vi.getTimerCount()).toBe(0);
    expect(warned).toHaveBeenCalledWith(
      expect.stringContaining('ended at its start again and again (exit code 7)'),
      expect.anything(),
    );
    expect(process.exitCode).toBe(1);
  });

  it('keeps its exit code while another worker lives', async () => {
    await workers(options, () => {});
    for (let n = 0; n < 8; n++) {
      end(7);
      await vi.advanceTimersToNextTimerAsync();
    }
    expect(fork).toHaveBeenCalledTimes(9);
    expect(process.exitCode).toBe(exitCode);
  });

  it('does not replace a worker that the application ended', async () => {
    await workers(options, () => {});
    Object.assign(fork.mock.results.at(-1)?.value as object, { exitedAfterDisconnect: true });
    end(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fork).toHaveBeenCalledTimes(2);
  });
});
