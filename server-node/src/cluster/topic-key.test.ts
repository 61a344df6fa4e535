import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topicKey } from './topic-key.js';

describe('topicKey, the name of a topic in an engine', () => {
  it('keeps letters, digits, - and _, and escapes all other characters', () => {
    expect(topicKey('orders_7-A')).toBe('t-orders_7-A');
    expect(topicKey('a.b {x} ä~')).toBe('t-a~002eb~0020~007bx~007d~0020~00e4~007e');
    expect(topicKey('')).toBe('t-');
  });

  it('has only characters without a meaning in any engine, within its limit', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.integer({ min: 45, max: 300 }),
        (topic, limit) => {
          const key = topicKey(topic, limit);
          expect(key).toMatch(/^[th]-[A-Za-z0-9_~-]*$/);
          expect(key.length).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  it('differs for different topics', () => {
    const unit = fc.constantFrom('a', '~', '0', '2', 'e', '.', '-', 'ä', '\ud800', '\udc00');
    fc.assert(
      fc.property(fc.string({ unit }), fc.string({ unit }), fc.constantFrom(45, 200), (one, two, limit) => {
        expect(topicKey(one, limit) === topicKey(two, limit)).toBe(one === two);
      }),
    );
    expect(topicKey('x'.repeat(300))).not.toBe(topicKey('x'.repeat(301)));
  });
});
