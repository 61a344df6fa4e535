import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Outbox } from './outbox.js';

it('arrive in order over whatever links; what did not arrive was dropped, and is counted', () => {
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.record({ add: fc.nat(400) }) },
    { weight: 3, arbitrary: fc.record({ take: fc.nat(400) }) },
    { weight: 1, arbitrary: fc.constant({ ack: true as const }) },
    { weight: 1, arbitrary: fc.constant({ lose: 0 }) },
    { weight: 1, arbitrary: fc.record({ lose: fc.nat(100) }) }, // written, and never there
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40, size: 'max' }), (actions) => {
      const events = new Outbox();
      const got: number[] = [];
      let added = 0;
      let acknowledged = 0;
      let inFlight = false;
      const take = (count: number): void => {
        if (count === 0) return;
        for (const { text } of events.take()) {
          got.push((JSON.parse(text) as { seq: number }).seq);
          if (--count === 0) return;
        }
      };
      for (const each of actions) {
        if ('add' in each) for (let i = 0; i < each.add; i++) events.add('n', ++added);
        else if ('take' in each) take(each.take);
        else if ('ack' in each) {
          acknowledged = got.length; // what it has acknowledged, a client has
          events.acknowledge(got.at(-1) ?? 0);
        } else {
          inFlight ||= each.lose > 0;
          got.splice(Math.max(acknowledged, got.length - each.lose));
          acknowledged = got.length;
          events.resume(got.at(-1) ?? 0);
        }
      }
      take(Infinity);
      expect(events.hasPending).toBe(false);
      expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
      expect(got.at(-1) ?? 0).toBe(added);
      const missed = added - got.length;
      // What was lost in flight is counted when a new link shows it, but where something after it was counted before.
      if (inFlight) expect(events.dropped).toBeLessThanOrEqual(missed);
      else expect(events.dropped).toBe(missed);
      events.resume(added);
      expect(events.dropped).toBeLessThanOrEqual(missed);
    }),
    { numRuns: Math.ceil(Number(process.env.VELOX_RUNS ?? 500) / 5) },
  );
});

it.each([undefined, () => 1, Symbol('of the application')])('always carry data: %s is null', (data) => {
  const events = new Outbox();
  events.add('note', data);
  expect([...events.take()].map(({ text }) => text)).toEqual(['{"event":"note","data":null,"seq":1}']);
});
