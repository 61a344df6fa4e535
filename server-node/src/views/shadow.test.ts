import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LocalState } from '../state/local-state.js';
import { Shadow } from './shadow.js';

interface Board {
  rows: { id: number; price: number }[];
  title: string;
}

const board = (): LocalState<Board> =>
  new LocalState<Board>({
    rows: Array.from({ length: 20 }, (_, id) => ({ id, price: 0 })),
    title: 'a board',
  });

describe('Shadow', () => {
  it('follows by steps and shares the unchanged parts', () => {
    const state = board();
    const shadow = new Shadow(state, true);
    const before = shadow.value as Board;
    state.update((draft) => void ((draft.rows[7] as { price: number }).price = 12));
    const after = shadow.value as Board;
    expect(after).toEqual(state.get());
    expect(after.rows.filter((row, at) => row !== before.rows[at])).toEqual([{ id: 7, price: 12 }]);
    expect(before.rows[7]).toEqual({ id: 7, price: 0 });
  });

  it('is the same value while the source has not changed', () => {
    const state = board();
    const shadow = new Shadow(state, true);
    const { value, count } = shadow;
    expect(shadow.value).toBe(value);
    expect(shadow.count).toBe(count);
    state.update((draft) => void (draft.title = 'other'));
    expect(shadow.count).not.toBe(count);
  });

  it('starts over from the text if the history does not reach', () => {
    const state = new LocalState<unknown>({ a: 1 }, { history: { revisions: 0 } });
    const shadow = new Shadow(state, true);
    expect(shadow.value).toEqual({ a: 1 });
    state.set({ b: 2 });
    expect(shadow.value).toEqual({ b: 2 });
  });

  it.each([true, false])('is frozen all through: %s', (isFrozen) => {
    const state = board();
    const shadow = new Shadow(state, isFrozen);
    expect(shadow.value).toEqual(state.get());
    state.update((draft) => void draft.rows.push({ id: 20, price: 1 }));
    const { rows } = shadow.value as Board;
    expect([Object.isFrozen(shadow.value), Object.isFrozen(rows), Object.isFrozen(rows[20])]).toEqual(
      Array(3).fill(isFrozen),
    );
    expect(Object.isFrozen(state.get().rows)).toBe(false);
  });

  it('equals its source after any changes, and no former value changes', () => {
    const change = fc.oneof(
      fc.record({ at: fc.nat(30), price: fc.integer() }),
      fc.record({ remove: fc.nat(30) }),
      fc.record({ title: fc.string() }),
      fc.constant('read' as const),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const state = board();
        const shadow = new Shadow(state, false);
        const seen: { value: unknown; text: string }[] = [];
        for (const step of [...changes, 'read' as const]) {
          if (step === 'read') {
            expect(shadow.value).toEqual(state.get());
            seen.push({ value: shadow.value, text: JSON.stringify(shadow.value) });
          } else {
            state.update((draft) => {
              if ('title' in step) draft.title = step.title;
              else if ('remove' in step) draft.rows.splice(step.remove, 1);
              else draft.rows.splice(step.at, 0, { id: step.at, price: step.price });
            });
          }
        }
        for (const { value, text } of seen) expect(JSON.stringify(value)).toBe(text);
      }),
    );
  });
});
