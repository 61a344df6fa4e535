import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Admission } from '../access/admission.js';
import { Hub } from '../hub/hub.js';
import * as velox from '../index.js';
import { FakeOutlet } from '../../test/rig/fake-outlet.js';
import { listen } from '../../test/rig/listen.js';
import { rawWebSocket, type Frame } from '../../test/rig/raw-client.js';

afterEach(() => void vi.useRealTimers());

/** Opens a session by long-polling, which its client does not poll. */
async function openUnpolled(origin: string): Promise<string> {
  const answer = await fetch(`${origin}/?velox=3`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: '[{"open":{}}]',
  });
  const [{ hello }] = (await answer.json()) as [{ hello: { session: string } }];
  return hello.session;
}

/** Opens a session over a WebSocket. Returns the first frame. */
async function open(origin: string): Promise<Frame> {
  const link = rawWebSocket(origin);
  onTestFinished(() => link.close());
  link.send({ open: {} });
  return link.next();
}

describe('limits.sessions', () => {
  it('holds after sessions that were never polled were evicted, and their links ended', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const hub = velox.createHub({ limits: { sessions: 2 } });
    await using server = await listen(hub.handle);
    for (let n = 0; n < 5; n++) await openUnpolled(server.origin);
    for (let n = 0; n < 2; n++) expect(await open(server.origin)).toHaveProperty('hello');
    vi.advanceTimersByTime(20_000); // a heartbeat: the server expects no poll any more
    for (let n = 0; n < 5; n++)
      expect(await open(server.origin)).toMatchObject({ bye: { code: 'too-many' } });
    expect(hub.stats()).toMatchObject({ sessions: 2, away: 0 });
  });

  it('says too-many to an evicted client that polls after all', async () => {
    const hub = velox.createHub({ limits: { sessions: 1 } });
    await using server = await listen(hub.handle);
    const session = await openUnpolled(server.origin);
    expect(await open(server.origin)).toHaveProperty('hello');
    const headers = { accept: 'application/json', 'velox-session': session };
    const polled = await fetch(`${server.origin}/?velox=3`, { headers });
    expect(await polled.json()).toEqual([
      { bye: { code: 'too-many', reason: expect.any(String) as string, retry: 5_000 } },
    ]);
  });
});

describe('a new session that several limits concern', () => {
  const as = (identity: string, address: string): Admission => ({ context: identity, identity, address });

  /** A hub, and a function that opens a session of a client. */
  function hubWith(limits: velox.HubOptions['limits']) {
    const hub = new Hub({ identify: String, ...(limits && { limits }) });
    const enter = (admission: Admission): { leave: () => void } => {
      const outlet = new FakeOutlet();
      const session = hub.open(outlet, admission, {});
      return { leave: () => hub.leave(session, outlet, 'closed') };
    };
    return { hub, enter };
  }

  it('evicts a session for each of them, so that all hold', () => {
    const { hub, enter } = hubWith({ sessionsPerIdentity: 1, sessionsPerAddress: 1, sessions: 2 });
    enter(as('ann', 'one')).leave();
    enter(as('ben', 'two')).leave();
    enter(as('ann', 'two'));
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
  });

  it('is refused if one of them is reached by sessions with a link', () => {
    const { enter } = hubWith({ sessionsPerIdentity: 1, sessionsPerAddress: 1 });
    enter(as('ann', 'one')).leave();
    enter(as('ben', 'two'));
    expect(() => enter(as('ann', 'two'))).toThrow(expect.objectContaining({ code: 'too-many' }));
  });
});
