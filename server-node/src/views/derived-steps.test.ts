import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numRuns } from '../../test/rig/documents.js';
import { MadeCalls } from '../sessions/made-calls.js';
import { LocalState } from '../state/local-state.js';
import type { Position } from '@velox/core/protocol';
import { DerivedState } from './derived-state.js';
import { Shadow } from './shadow.js';

interface Game {
  seen: number;
  secret: number;
}

/** A value of which an audience sees one member. */
function derive(source: LocalState<Game>): DerivedState {
  return new DerivedState('ann', {
    source,
    shadow: new Shadow(source, false),
    stateOptions: {},
    view: (game) => ({ seen: (game as Game).seen }),
    isChecked: false,
    onFailure: (error) => {
      throw error;
    },
    onImpure: () => undefined,
  });
}

const setUp = () => {
  const source = new LocalState<Game>({ seen: 0, secret: 0 });
  return { source, view: derive(source), calls: new MadeCalls(() => false) };
};

const step = fc.oneof(
  fc.record({ is: fc.constant('change' as const), isCall: fc.boolean(), isSeen: fc.boolean() }),
  fc.record({ is: fc.constant('flush' as const) }),
  fc.record({ is: fc.constant('read' as const) }),
  fc.record({ is: fc.constant('tell' as const), isLost: fc.boolean() }),
);

describe('the steps of a computed value', () => {
  it('name each call with the steps that hold a change of it that the audience sees, and with no others', () => {
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { source, view, calls } = setUp();
      let last = 0;
      /** The calls behind each version of the computed value. */
      const made: { version: number; calls: number[] }[] = [];
      let pending: number[] = [];
      let isNews = false;
      let known: Position = view.position();
      const read = (): Position => {
        const position = view.position();
        if (isNews) made.push({ version: position.version, calls: pending });
        pending = [];
        isNews = false;
        return position;
      };
      for (const one of steps) {
        if (one.is === 'change') {
          const change = (): void => source.update((game) => void (one.isSeen ? game.seen++ : game.secret++));
          if (one.isCall) calls.run(++last, change);
          else change();
          if (one.isCall) pending.push(last);
          isNews ||= one.isSeen;
        } else if (one.is === 'flush') source.position();
        else if (one.is === 'read') read();
        else {
          const position = read();
          const expected = made
            .filter(({ version }) => known.version < version)
            .flatMap(({ calls: each }) => each);
          expect(calls.within(view, known.version, position.version)).toEqual(expected);
          if (!one.isLost) known = position;
        }
      }
    });
    fc.assert(property, { numRuns });
  });

  it('name all later changes for a client that comes from before the remembered steps', () => {
    const { source, view, calls } = setUp();
    calls.run(1, () => source.update((game) => void game.seen++));
    const { version } = view.position();
    for (let n = 0; n < 100; n++) {
      source.update((game) => void game.seen++);
      view.position();
    }
    calls.run(2, () => source.update((game) => void game.seen++));
    const now = view.position().version;
    expect(calls.within(view, version - 1, now)).toEqual([1, 2]);
    expect(calls.within(view, 0, now)).toEqual([1, 2]);
    expect(calls.within(view, now - 1, now)).toEqual([2]);
    expect(calls.within(view, now, now)).toEqual([]);
  });
});
