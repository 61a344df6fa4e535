import { afterEach, describe, expect, it, vi } from 'vitest';
import { FanOut } from './fan-out.js';

const open = vi.fn<(key: string) => Promise<void>>(() => Promise.resolve());
const close = vi.fn<(key: string) => void>();
afterEach(() => vi.clearAllMocks());

describe('a fan-out', () => {
  it('opens a key for its first listener and closes it after the last', async () => {
    const fans = new FanOut<number>(open, close);
    const [one, two] = await Promise.all([fans.add('a', vi.fn()), fans.add('a', vi.fn())]);
    expect(open.mock.calls).toEqual([['a']]);
    one();
    one();
    expect(close).not.toHaveBeenCalled();
    two();
    expect([close.mock.calls, fans.keys()]).toEqual([[['a']], []]);
    await fans.add('a', vi.fn());
    two();
    expect([open.mock.calls.length, close.mock.calls.length, fans.keys()]).toEqual([2, 1, ['a']]);
  });

  it('a listener that comes while a key is opened waits, too', async () => {
    let opened = (): void => {};
    const fans = new FanOut<number>(() => new Promise((resolve) => (opened = resolve)));
    const order: string[] = [];
    const adding = [1, 2].map((n) => fans.add('a', vi.fn()).then(() => order.push(`${n}`)));
    await Promise.resolve();
    order.push('opened');
    opened();
    await Promise.all(adding);
    expect(order).toEqual(['opened', '1', '2']);
  });

  it('a key that cannot be opened is opened again for the next listener', async () => {
    open.mockRejectedValueOnce(new Error('down'));
    const fans = new FanOut<number>(open, close);
    await expect(fans.add('a', vi.fn())).rejects.toThrow('down');
    expect(fans.keys()).toEqual([]);
    await fans.add('a', vi.fn());
    expect(fans.keys()).toEqual(['a']);
  });

  it('a listener that throws is reported and does not affect others', async () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const fans = new FanOut<number>();
    const heard: number[] = [];
    const error = new Error('mine');
    await fans.add('a', () => {
      throw error;
    });
    await fans.add('a', (value) => heard.push(value));
    fans.tell('a', 1);
    expect([heard, reported.mock.calls]).toEqual([[1], [[error]]]);
    vi.unstubAllGlobals();
  });

  it('a listener that throws does not end a process of Deno, as `reportError` would', async () => {
    const end = vi.fn();
    vi.stubGlobal('Deno', {});
    vi.stubGlobal('reportError', end);
    const shown = vi.spyOn(console, 'error').mockReturnValue();
    const fans = new FanOut<number>();
    const error = new Error('mine');
    await fans.add('a', () => {
      throw error;
    });
    fans.tell('a', 1);
    expect([shown.mock.calls, end.mock.calls]).toEqual([[[error]], []]);
    vi.unstubAllGlobals();
    shown.mockRestore();
  });

  it('a listener that is removed by another one is not called', async () => {
    const fans = new FanOut<number>();
    const last = vi.fn();
    const ends: (() => void)[] = [];
    await fans.add('a', () => ends.forEach((end) => end()));
    ends.push(await fans.add('a', last));
    fans.tell('a', 1);
    expect(last).not.toHaveBeenCalled();
  });

  it('reports a doubt to the listeners of one key, or of all', async () => {
    const fans = new FanOut<number>();
    const [a, b] = [vi.fn(), vi.fn()];
    await fans.add('a', vi.fn(), a);
    await fans.add('b', vi.fn(), b);
    fans.doubt('a');
    fans.doubt();
    expect([a.mock.calls.length, b.mock.calls.length]).toEqual([2, 1]);
  });
});
