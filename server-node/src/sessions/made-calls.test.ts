import { describe, expect, it, vi } from 'vitest';
import { LocalState } from '../state/local-state.js';
import type { Versioned } from '../state/versioned.js';
import { MadeCalls } from './made-calls.js';

const setUp = () => {
  const state = new LocalState({ n: 0 });
  const calls = new MadeCalls(() => false);
  const change = (): void => state.update((draft) => void draft.n++);
  /** A call that changes the state and is answered. Returns its version. */
  const answered = (call: number): number => {
    calls.run(call, change);
    calls.ended(call);
    return state.position().version;
  };
  return { state, calls, change, answered };
};

describe('the optimistic calls of a session', () => {
  it('are named with each step that holds a change of them, in the order of the changes', async () => {
    const { state, calls, change } = setUp();
    const running = calls.run(2, async () => {
      change();
      await Promise.resolve();
      change();
    });
    expect(state.position().version).toBe(2);
    calls.run(1, change);
    await running;
    expect(state.position().version).toBe(4);
    expect(calls.within(state, 1, 4)).toEqual([2, 1]);
    expect(calls.within(state, 2, 4)).toEqual([1, 2]);
    expect(calls.within(state, 3, 4)).toEqual([2]);
    expect(calls.within(state, 4, 4)).toEqual([]);
    expect(calls.within(new LocalState(1), 0, 1)).toEqual([]);
  });

  it('are forgotten 100 calls after their reply, when cancelled, and with their session', () => {
    const { state, calls, answered } = setUp();
    const first = answered(1);
    for (let call = 2; call <= 100; call++) answered(call);
    expect(calls.within(state, first - 1, first)).toEqual([1]);
    const last = answered(101);
    expect(calls.within(state, first - 1, first)).toEqual([]);
    expect(calls.within(state, last - 1, last)).toEqual([101]);
    calls.forget(101);
    expect(calls.within(state, last - 1, last)).toEqual([]);
    calls.clear();
    expect(calls.within(state, 0, last)).toEqual([]);
  });

  it('note nothing once they are forgotten', async () => {
    const { state, calls, change } = setUp();
    const running = calls.run(1, async () => {
      await Promise.resolve();
      change();
    });
    calls.clear();
    await running;
    expect(calls.within(state, 0, state.position().version)).toEqual([]);
  });

  it('are forgotten when their number is used again', () => {
    const { state, calls, answered } = setUp();
    const first = answered(7);
    const second = answered(7);
    expect(calls.within(state, first - 1, first)).toEqual([]);
    expect(calls.within(state, second - 1, second)).toEqual([7]);
  });

  it('ask a computed value once for its steps, however many are remembered', () => {
    const { state, calls, answered } = setUp();
    for (let call = 1; call <= 100; call++) answered(call);
    const { version } = state.position();
    const stepsSince = vi.fn(() => [{ from: version - 2, to: version }]);
    const view = { origin: { versioned: state, stepsSince } } as Partial<Versioned> as Versioned;
    expect(calls.within(view, 8, 9)).toEqual([99, 100]);
    expect(stepsSince.mock.calls).toEqual([[8]]);
  });
});
