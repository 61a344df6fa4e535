import { expect, it } from 'vitest';
import { Hub } from '../hub/hub.js';
import { LocalState } from '../state/local-state.js';
import { FakeOutlet } from '../../test/rig/fake-outlet.js';

const ANYBODY = { context: undefined, identity: undefined };
const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('stats() count waiting bytes, revisions that full outlets skipped, and steps that caught up', async () => {
  const hub = new Hub();
  const [a, b] = [new LocalState({ n: 0 }), new LocalState({ n: 0 })];
  hub.topics.publish('a', a);
  hub.topics.publish('b', b);
  const outlet = new FakeOutlet();
  const session = hub.open(outlet, ANYBODY);
  hub.receive(session, { subscribe: [{ topic: 'a' }, { topic: 'b' }] }, CREDENTIALS);
  await turn();
  a.set({ n: 1 });
  await turn();
  expect(hub.stats()).toMatchObject({ waiting: 0, skipped: 0, caughtUp: 0 });
  outlet.waiting = 70_000;
  outlet.full = true;
  a.set({ n: 2 });
  await turn(); // this one was taken, and filled it
  for (const n of [3, 4, 5]) {
    a.set({ n });
    await turn();
  }
  b.set({ n: 1 });
  await turn();
  expect(hub.stats()).toMatchObject({ waiting: 70_000, skipped: 4, caughtUp: 0 });
  outlet.waiting = 0;
  outlet.full = false;
  outlet.take();
  session.drained(outlet);
  await turn();
  expect(outlet.take()).toMatchObject([
    { topic: 'a', version: 6 },
    { topic: 'b', version: 2 },
  ]);
  expect(hub.stats()).toMatchObject({ waiting: 0, skipped: 4, caughtUp: 2 });
});
