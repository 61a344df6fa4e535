// Runs in Jest and Vitest, in Node's environment.
import { createTestSync } from '@velox/server/testing';
import * as velox from '@velox/server';

test('a client of the test kit sees a change after an outage', async () => {
  expect(typeof velox.state({ n: 1 }).handle).toBe('function');
  const kit = await createTestSync();
  const board = kit.hub.state('board', { title: 'One' });
  const replica = kit.connect().replica('board');
  const stop = replica.subscribe(() => {});
  await kit.advance();
  expect(replica.get()).toEqual({ title: 'One' });
  kit.inflict({ harm: 'half-open', told: 'nobody' });
  board.update((draft) => void (draft.title = 'Two'));
  await kit.advance(30_000);
  expect(replica.get()).toEqual({ title: 'Two' });
  stop();
  await kit.close();
});
