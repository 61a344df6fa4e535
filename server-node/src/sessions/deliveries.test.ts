import { expect, it } from 'vitest';
import { Observer } from '../diagnostics/observer.js';
import { Deliveries } from './deliveries.js';
import type { Session } from './session.js';

it('a flush that fails is reported, and the sessions get this and later deliveries', async () => {
  const errors: unknown[] = [];
  const observer = new Observer(({ error }) => errors.push(error));
  let isBroken = true;
  const topics = {
    hasChanges: true,
    flush() {
      if (isBroken) throw new Error('of the flush');
    },
  };
  const deliveries = new Deliveries(observer, topics, (_, error) => errors.push(error));
  let delivered = 0;
  const session = {
    isDue: false,
    events: { hasPending: true },
    link: { isFull: false, order: 1 },
    prepare: () => undefined,
    deliver: () => delivered++,
  } as unknown as Session;
  for (const expected of [1, 2]) {
    deliveries.add(session);
    await Promise.resolve();
    expect(delivered).toBe(expected);
    isBroken = false;
  }
  expect(errors).toEqual([new Error('of the flush')]);
});
