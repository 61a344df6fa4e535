import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCell, createSignal, once } from './readable.js';

afterEach(() => void vi.unstubAllGlobals());

describe('a cell', () => {
  it('notifies of each change of its reference, and of nothing else', () => {
    const cell = createCell<unknown>(1);
    const listener = vi.fn();
    cell.subscribe(listener);
    cell.set(1);
    cell.set(NaN);
    cell.set(NaN);
    expect(listener).toHaveBeenCalledOnce();
    expect(cell.get()).toBeNaN();
    cell.set(0);
    cell.set(-0);
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it('may be passed on in parts', () => {
    const { get, set, subscribe } = createCell('a');
    const listener = vi.fn();
    subscribe(listener);
    set('b');
    expect([get(), listener.mock.calls.length]).toEqual(['b', 1]);
  });
});

describe('a signal', () => {
  it('calls each listener as often as it was added', () => {
    const { emit, on } = createSignal<[number, string]>();
    const listener = vi.fn();
    const stop = on(listener);
    on(listener);
    emit(1, 'a');
    stop();
    stop();
    emit(2, 'b');
    expect(listener.mock.calls).toEqual([
      [1, 'a'],
      [1, 'a'],
      [2, 'b'],
    ]);
  });

  it('reports an error of a listener, and calls the others', () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const { emit, on } = createSignal();
    const listener = vi.fn();
    on(() => {
      throw new Error('mine');
    });
    on(listener);
    emit();
    expect(reported).toHaveBeenCalledExactlyOnceWith(new Error('mine'));
    expect(listener).toHaveBeenCalledOnce();
  });

  it('does not call a listener that was removed or added during the call', () => {
    const { emit, on } = createSignal();
    const [gone, late] = [vi.fn(), vi.fn()];
    on(() => {
      stop();
      on(late);
    });
    const stop = on(gone);
    emit();
    expect(gone).not.toHaveBeenCalled();
    expect(late).not.toHaveBeenCalled();
  });
});

it('`once` runs its function once, also if that calls it again or throws', () => {
  let runs = 0;
  const end = once(() => {
    runs++;
    end();
    throw new Error('failed');
  });
  expect(end).toThrow('failed');
  end();
  expect(runs).toBe(1);
});
