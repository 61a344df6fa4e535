import cluster, { type Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi, type Mock } from 'vitest';
import { STOP_SIGNALS } from './stop-orders.js';
import { workers } from './workers.js';

const options = { grpc: {} as never, database: () => ({}) as never, folder: '/nowhere', count: 2 };
const fork = vi.spyOn(cluster, 'fork');
const warned = vi.spyOn(process, 'emitWarning');
const exit = vi.spyOn(process, 'exit');
const exitCode = process.exitCode;
/** The listeners of the test runner. */
const listeners = STOP_SIGNALS.flatMap((signal) => process.listeners(signal));

/** A process that was forked, in place of a real one. */
class ForkedWorker extends EventEmitter {
  readonly process: { readonly kill: Mock; pid?: number } = { kill: vi.fn(), pid: 1 };
  readonly send = vi.fn();
  isConnected = (): boolean => true;
}
/** The workers that were started, the oldest first. */
const forked = (): ForkedWorker[] => fork.mock.results.map(({ value }) => value as ForkedWorker);

beforeEach(() => {
  vi.useFakeTimers();
  warned.mockReturnValue();
  exit.mockImplementation(() => undefined as never);
  fork.mockImplementation(() => new ForkedWorker() as unknown as Worker);
});
afterEach(() => {
  for (const signal of STOP_SIGNALS)
    for (const listener of process.listeners(signal))
      if (!listeners.includes(listener)) process.off(signal, listener);
  vi.useRealTimers();
  vi.resetAllMocks();
  process.exitCode = exitCode;
});

/** Ends the worker that was started last, or another one. */
const end = (code: number, at = -1): void => {
  forked().at(at)?.emit('exit', code, null);
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

  it('starts workers later that cannot be forked, and warns once', async () => {
    fork.mockImplementationOnce(() => {
      throw new Error('spawn ENOMEM');
    });
    await workers(options, () => {});
    expect(fork).toHaveBeenCalledTimes(2);
    fork.mockImplementationOnce(() => {
      throw new Error('spawn ENOMEM');
    });
    await vi.advanceTimersByTimeAsync(500);
    expect(fork).toHaveBeenCalledTimes(3);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fork).toHaveBeenCalledTimes(4);
    expect(vi.getTimerCount()).toBe(0);
    expect(warned.mock.calls).toEqual([
      [expect.stringContaining('a worker could not be started (Error: spawn ENOMEM)'), expect.anything()],
    ]);
  });

  it('replaces a worker whose process could not be started, once if an exit follows', async () => {
    await workers(options, () => {});
    const [first] = forked();
    delete first?.process.pid;
    first?.emit('error', new Error('spawn EAGAIN'));
    first?.emit('exit', -11, null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fork).toHaveBeenCalledTimes(3);
    expect(warned).toHaveBeenCalledOnce();
  });

  it('keeps a worker that a message did not reach, and replaces it when it ends', async () => {
    await workers(options, () => {});
    forked().at(-1)?.emit('error', new Error('write EPIPE'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fork).toHaveBeenCalledTimes(2);
    end(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(fork).toHaveBeenCalledTimes(3);
    expect(warned).not.toHaveBeenCalled();
  });

  it('does not replace a worker that the application ended', async () => {
    await workers(options, () => {});
    Object.assign(forked().at(-1) ?? {}, { exitedAfterDisconnect: true });
    end(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fork).toHaveBeenCalledTimes(2);
  });
});

describe('workers in the primary process, at a signal', () => {
  const start = async (): Promise<ForkedWorker[]> => {
    await workers(options, () => {});
    return forked();
  };
  const order = [{ veloxStop: 'SIGTERM' }, expect.any(Function)];

  it('orders all workers to stop, waits until they have ended, starts none any more, and ends', async () => {
    const started = await start();
    process.emit('SIGTERM', 'SIGTERM');
    for (const { send } of started) expect(send.mock.calls).toEqual([order]);
    end(0, 0);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(exit).not.toHaveBeenCalled();
    end(0, 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(exit.mock.calls).toEqual([[]]);
    expect(fork).toHaveBeenCalledTimes(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('forgets a worker that it would have started again', async () => {
    await start();
    end(1, 0);
    process.emit('SIGTERM', 'SIGTERM');
    end(0, 1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(exit).toHaveBeenCalledOnce();
    expect(fork).toHaveBeenCalledTimes(2);
  });

  it('sends the signal itself to a worker that can receive no order', async () => {
    const [first, second] = (await start()) as [ForkedWorker, ForkedWorker];
    first.isConnected = () => false;
    second.send.mockImplementation((_, failed: (error: Error) => void) => failed(new Error('closed')));
    process.emit('SIGINT', 'SIGINT');
    for (const worker of [first, second]) expect(worker.process.kill.mock.calls).toEqual([['SIGINT']]);
  });

  it('ignores a repetition within 500 ms, and ends all processes immediately at a later signal', async () => {
    const started = await start();
    process.emit('SIGINT', 'SIGINT');
    await vi.advanceTimersByTimeAsync(400);
    process.emit('SIGINT', 'SIGINT');
    expect(exit).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    process.emit('SIGINT', 'SIGINT');
    for (const worker of started) expect(worker.process.kill.mock.calls).toEqual([['SIGKILL']]);
    expect(exit.mock.calls).toEqual([[1]]);
  });

  it('ends workers that have not ended within 60 s', async () => {
    const started = await start();
    process.emit('SIGTERM', 'SIGTERM');
    await vi.advanceTimersByTimeAsync(60_000);
    for (const worker of started) expect(worker.process.kill.mock.calls).toEqual([['SIGKILL']]);
  });

  it('leaves its end to a listener of the application', async () => {
    await start();
    const own = vi.fn();
    process.once('SIGTERM', own).on('SIGTERM', own);
    process.emit('SIGTERM', 'SIGTERM');
    end(0, 0);
    end(0, 1);
    await vi.advanceTimersByTimeAsync(0);
    expect(exit).not.toHaveBeenCalled();
  });
});
