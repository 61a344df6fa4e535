import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numRuns } from '../../test/rig/documents.js';
import { begin, fail, IDLE, need, put, retry, succeed, type Phase } from './row-phase.js';

/** A database whose row has a number, and an application that reads it. */
class Model {
  phase: Phase = IDLE;
  now = 0;
  /** The number in the database. */
  truth = 0;
  /** The number that clients have. */
  shown = 0;
  /** The number that the fetch under way has read. */
  read = 0;

  change(): void {
    this.truth++;
    this.phase = need(this.phase);
  }

  put(): void {
    this.truth++;
    this.shown = this.truth;
    this.phase = put(this.phase);
  }

  begin(): void {
    if (this.phase.is === 'queued') this.read = this.truth;
    this.phase = begin(this.phase);
  }

  succeed(): void {
    if (this.phase.is !== 'fetching') return;
    if (!this.phase.isOvertaken) this.shown = this.read;
    this.phase = succeed(this.phase);
  }

  fail(): void {
    if (this.phase.is === 'fetching') this.phase = fail(this.phase, this.now, 0.5);
  }

  wait(): void {
    this.now += 10_000;
    this.phase = retry(this.phase, this.now);
  }
}

const ACTIONS = ['change', 'put', 'begin', 'succeed', 'fail', 'wait'] as const;

describe('the phases of a row', () => {
  it('never show an older row after a newer one, and end with the newest', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ACTIONS), { maxLength: 40 }), (actions) => {
        const model = new Model();
        for (const action of actions) {
          const { shown } = model;
          model[action]();
          expect(model.shown).toBeGreaterThanOrEqual(shown);
          if (model.phase.is === 'idle') expect(model.shown).toBe(model.truth);
          if (model.phase.is === 'failed')
            expect(model.phase.retryAt).toBeLessThanOrEqual(model.now + 30_000);
        }
        for (let round = 0; round < 4; round++) {
          model.wait();
          model.wait();
          model.wait();
          model.begin();
          model.succeed();
        }
        expect(model.phase).toEqual(IDLE);
        expect(model.shown).toBe(model.truth);
      }),
      { numRuns },
    );
  });

  it('repeat a failed fetch after 0.5 s, doubling to 30 s, with jitter', () => {
    const waits = [0, 1].map((jitter) => {
      let phase: Phase = need(IDLE);
      return Array.from({ length: 9 }, () => {
        phase = fail(begin(phase), 0, jitter);
        const { retryAt } = phase as Phase & { is: 'failed' };
        phase = retry(phase, retryAt);
        return retryAt;
      });
    });
    expect(waits[0]).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    expect(waits[1]).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('fetch once more after a fetch, however many changes came meanwhile', () => {
    let phase = begin(need(IDLE));
    for (let count = 0; count < 100; count++) phase = need(phase);
    phase = begin(succeed(phase));
    expect(succeed(phase)).toEqual(IDLE);
  });

  it('keep a fetch that is due when a row is put: it may bring a change of another writer', () => {
    const queued = need(IDLE);
    expect(put(queued)).toEqual(queued);
    expect(succeed(put(need(begin(queued))))).toEqual(queued);
    expect(succeed(put(begin(queued)))).toEqual(IDLE);
  });

  it('fetch immediately when a row changes that waits for its next attempt', () => {
    expect(need(fail(begin(need(IDLE)), 0, 0.5))).toEqual({ is: 'queued', failures: 1 });
  });
});
