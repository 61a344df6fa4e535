import { expect, it } from 'vitest';
import { Observer } from '../diagnostics/observer.js';
import { Inbox } from '../sessions/inbox.js';
import type { Session } from '../sessions/session.js';
import { Checks } from './checks.js';
import { EventHandlers } from './event-handlers.js';

const SESSION = { inbox: new Inbox() } as Session; // handlers get it as it is

it.each([
  [
    'throws',
    () => {
      throw new Error('of the handler');
    },
  ],
  ['rejects', () => Promise.reject(new Error('of the handler'))],
  [
    'returns a thenable that rejects',
    () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error('of the handler')) }),
  ],
])('a handler that %s is reported, and the other handlers still run', async (_, handler) => {
  const failures: unknown[] = [];
  const observer = new Observer(({ error }) => failures.push(error));
  const checks = new Checks(undefined, { observer, traffic: { invalid: 0 }, limits: { handshake: 1_000 } });
  const handlers = new EventHandlers(observer, checks);
  const received: unknown[] = [];
  handlers.on('note', handler);
  const remove = handlers.on('note', (_session, data) => received.push(data));
  handlers.dispatch(SESSION, 'note', 1);
  remove();
  handlers.dispatch(SESSION, 'note', 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(received).toEqual([1]);
  expect(failures).toEqual([new Error('of the handler'), new Error('of the handler')]);
});
