import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Outbox } from './outbox.js';

it('keeps what was not acknowledged, in order, within its limits: as a plain list would', () => {
  const action = fc.oneof(
    fc.record({ add: fc.nat(20) }),
    fc.record({ ack: fc.nat(40) }),
    fc.constant({ number: true as const }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.nat(10), fc.nat(60), (actions, count, size) => {
      const outbox = new Outbox<string>({ count, size });
      let list: { seq: number; size: number }[] = [];
      let seq = 0;
      let dropped = 0;
      for (const each of actions) {
        if ('add' in each) {
          list.push({ seq: ++seq, size: each.add });
          outbox.add(String, () => each.add);
          while (list.length > count || list.reduce((sum, entry) => sum + entry.size, 0) > size) {
            list.shift();
            dropped++;
          }
        } else if ('ack' in each) {
          list = list.filter((entry) => entry.seq > each.ack);
          outbox.acknowledge(each.ack);
        } else {
          expect(outbox.number()).toBe(++seq);
        }
        expect(outbox.since(0).map((entry) => entry.item)).toEqual(list.map((entry) => `${entry.seq}`));
        expect(outbox.since(5).every((entry) => entry.seq > 5)).toBe(true);
        expect([outbox.last, outbox.dropped]).toEqual([seq, dropped]);
      }
    }),
  );
});
