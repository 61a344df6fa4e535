import { describe, expect, it } from 'vitest';
import { LocalState } from '../state/local-state.js';
import { Resting } from './resting.js';
import { StateFrames } from './state-frames.js';

/** Frames of a state with a text of that length. */
function framesOf(length: number): {
  readonly state: LocalState<{ n: number; text: string }>;
  readonly frames: StateFrames;
} {
  const state = new LocalState({ n: 0, text: 'x'.repeat(length) });
  const options = { longest: 1e6, isCompressible: false, resting: new Resting() };
  return { state, frames: new StateFrames('board', state, options) };
}

describe('the frames of a value', () => {
  it('are encoded once while clients receive them, and again after a rest', () => {
    const { state, frames } = framesOf(100);
    const snapshot = (): unknown => frames.message(state.id, 0, true, 1);
    const first = snapshot();
    expect(frames.rest()).toBe(false);
    expect(snapshot()).toBe(first);
    expect(frames.rest()).toBe(false); // it was used since
    expect(frames.rest()).toBe(true);
    expect(snapshot()).not.toBe(first);
    expect((snapshot() as { text: string }).text).toBe((first as { text: string }).text);
  });

  it('are the same after a rest of the value: snapshot, delta, hash and position', () => {
    const { state, frames } = framesOf(200);
    state.update((draft) => void draft.n++);
    const all = (): unknown[] => [
      frames.message(state.id, 0, true, 1).text,
      frames.message(state.id, 1, false, 1).text,
      frames.check(frames.position, { left: 100 })?.text,
      frames.stale('a-reason').text,
      frames.position,
    ];
    const before = all();
    while (!frames.rest());
    expect(all()).toEqual(before);
    state.update((draft) => void draft.n++);
    expect(JSON.parse(frames.message(state.id, 2, false, 1).text)).toMatchObject({
      version: 3,
      body: [{ op: 'replace', path: '/n', value: 2 }],
    });
  });

  it('stay if they are long, because they cost more time than memory', () => {
    const { state, frames } = framesOf(100_000);
    const first = frames.message(state.id, 0, true, 1);
    while (!frames.rest());
    expect(frames.message(state.id, 0, true, 1)).toBe(first);
  });
});
