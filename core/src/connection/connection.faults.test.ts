/** Faults seen in real use: each one made the client hammer a server, hang, or show a misleading reason. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConnection } from './connection.js';
import type { ConnectionOptions } from './options.js';
import { createFakeTransport, type FakeTransport } from '../testing/fake-transport.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const tick = () => vi.advanceTimersByTimeAsync(0);

function setUp(options: Partial<ConnectionOptions> = {}, fakes: FakeTransport[] = [createFakeTransport()]) {
  const transports = fakes.map(({ transport }) => transport);
  const sync = createConnection({ url: 'http://h/sync', transports, ...options });
  sync.replica().subscribe(() => {});
  return { sync, fakes, ...(fakes[0] as FakeTransport) };
}

describe('links that open well and are cut within a second', () => {
  /** Lets `ms` pass in which each link lives for `life` ms. */
  async function flicker({ links, last }: FakeTransport, ms: number, life: number): Promise<void> {
    let seen = 0;
    let cutAt = Infinity;
    for (let time = 0; time < ms; time++) {
      if (links.length > seen) {
        seen = links.length;
        last().hello();
        last().say({ id: 'a', version: 1, body: 'one' });
        cutAt = time + life;
      }
      if (time === cutAt) last().lose();
      await vi.advanceTimersByTimeAsync(1);
    }
  }

  it.each([0, 300, 900])(
    'are retried at most 25 times in 15 s if each is cut after %d ms',
    async (life) => {
      for (let run = 0; run < 20; run++) {
        const rig = setUp();
        await tick();
        await flicker(rig, 15_000, life);
        expect(rig.links.length).toBeLessThanOrEqual(25);
        expect(rig.links.length).toBeGreaterThan(3);
        rig.sync.close();
      }
    },
    60_000,
  );

  it('end after `maxAttempts`, and `delay` gets the number of failures', async () => {
    const delay = vi.fn(() => 100);
    const rig = setUp({ retry: { maxAttempts: 5, delay } });
    await tick();
    await flicker(rig, 3_000, 10);
    expect(rig.links).toHaveLength(5);
    expect(rig.sync.status.get()).toMatchObject({ state: 'closed', attempt: 5 });
    expect(delay.mock.calls.map((args: unknown[]) => args[0])).toEqual([1, 2, 3, 4]);
  });

  it('are a success once one of them has served for 5 s', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const { sync, last } = setUp();
    await tick();
    for (const [life, wait] of [
      [1_000, 200],
      [4_999, 400],
      [5_000, 100],
      [0, 200],
    ] as const) {
      last().hello();
      await vi.advanceTimersByTimeAsync(life);
      last().lose();
      expect(sync.status.get().retryAt).toBe(Date.now() + wait);
      await vi.advanceTimersByTimeAsync(wait);
    }
  });
});

describe('a load balancer without sticky sessions', () => {
  const stranger = { code: 'unknown-session', message: '404: no such session' } as const;

  it('is detected when a server does not know its own session twice in a row, and causes back-off', async () => {
    const { sync, last, links } = setUp();
    await tick();
    const codes: unknown[] = [];
    for (let time = 0; time < 10_000; time++) {
      if (!last().closed && sync.status.get().state === 'connecting') {
        last().hello({ session: `s${links.length}` });
        last().lose(stranger);
        codes.push(sync.status.get().reason?.code);
      }
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(codes.slice(0, 3)).toEqual(['unknown-session', 'not-sticky', 'not-sticky']);
    expect(links.length).toBeLessThan(40);
  });

  it('is not suspected if a restarted server has lost a session now and then', async () => {
    const { sync, last } = setUp();
    await tick();
    for (let restart = 0; restart < 3; restart++) {
      last().hello({ session: `s${restart}` });
      await vi.advanceTimersByTimeAsync(10_000);
      last().lose(stranger);
      expect(sync.status.get().reason?.code).toBe('unknown-session');
      await vi.advanceTimersByTimeAsync(1_000);
    }
  });
});

describe('the reason in the status', () => {
  const three = () => ['websocket', 'sse', 'polling'].map((name) => createFakeTransport({ name }));
  const closed = { code: 'lost', message: 'closed (1006)' } as const;

  it('is not replaced by a less specific one until the server answers', async () => {
    const fakes = three();
    const { sync } = setUp({}, fakes);
    await tick();
    const notFound = { code: 'not-found', message: '404: Not Found' } as const;
    for (let round = 0; round < 5; round++) {
      fakes[0]?.last().lose(closed);
      if (round === 0 || fakes[1]?.links.length === round + 1) {
        fakes[1]?.last().lose(notFound);
        fakes[2]?.last().lose(closed);
      }
      expect(sync.status.get().reason).toEqual(notFound);
      await vi.advanceTimersByTimeAsync(5_000);
    }
    for (const { links, last } of fakes) if (links.length && !last().closed) last().hello();
    expect(sync.status.get().reason).not.toEqual(notFound);
  });

  it('names the first transport in an outage, and not the file that the last one could not load', async () => {
    const fakes = three();
    const { sync } = setUp({}, fakes);
    await tick();
    fakes[0]?.last().lose(closed);
    fakes[1]?.last().lose({ code: 'lost', message: 'TypeError: Failed to fetch' });
    fakes[2]
      ?.last()
      .lose({ code: 'lost', message: 'TypeError: Failed to fetch dynamically imported module' });
    expect(sync.status.get()).toMatchObject({ state: 'waiting', reason: closed });
  });

  it('replaces any other when an open link is lost', async () => {
    const fakes = three();
    const { sync } = setUp({}, fakes);
    await tick();
    fakes[0]?.last().lose({ code: 'refused', message: 'SecurityError' });
    fakes[1]?.last().hello();
    expect(sync.status.get().reason).toEqual({ code: 'refused', message: 'websocket: SecurityError' });
    fakes[1]?.last().lose(closed);
    expect(sync.status.get().reason).toEqual(closed);
  });

  it('never shows the credentials of a URL', async () => {
    const { sync, last } = setUp({ url: 'http://ann:secret@h/sync' });
    await tick();
    last().lose({ code: 'refused', message: "The URL 'ws://ann:secret@h/sync?velox=3' is invalid." });
    expect(JSON.stringify(sync.status.get())).not.toContain('secret');
    expect(sync.status.get().reason?.message).toBe("The URL 'ws://h/sync?velox=3' is invalid.");
  });
});

describe('callbacks and options of the application', () => {
  it('`headers` is called before each attempt, and may be slow', async () => {
    let count = 0;
    const { last } = setUp({ headers: () => Promise.resolve({ 'x-count': `${++count}` }) });
    await tick();
    expect(last().attempt.headers).toEqual({ 'x-count': '1' });
    last().lose();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(last().attempt.headers).toEqual({ 'x-count': '2' });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('mine');
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ])('`headers` that %s is a failed attempt with a reason', async (_, headers) => {
    // prettier-ignore
    const { sync, links } = setUp({ headers });
    await tick();
    expect(links).toHaveLength(0);
    expect(sync.status.get()).toMatchObject({
      state: 'waiting',
      reason: { code: 'auth', message: 'Error: mine' },
    });
  });

  it('`authHeader` carries the token, and leaves `authorization` to the application', async () => {
    const { last } = setUp({
      headers: { authorization: 'Basic proxy' },
      auth: () => 'token',
      authHeader: 'x-app',
    });
    await tick();
    expect(last().attempt.headers).toEqual({ authorization: 'Basic proxy', 'x-app': 'Bearer token' });
    expect(last().sent[0]).toEqual({ open: { token: 'token' } });
  });

  it('`credentials` reaches the transport', async () => {
    const { last } = setUp({ credentials: 'omit' });
    await tick();
    expect(last().attempt.credentials).toBe('omit');
  });

  it('`renew` without `auth` rejects with a code', async () => {
    const { sync } = setUp();
    await expect(sync.renew()).rejects.toMatchObject({ code: 'no-auth' });
  });

  it('`renew` rejects with a code if `auth` gives no token, and the link goes on', async () => {
    let token = 'token';
    const { sync, last, links } = setUp({ auth: () => token });
    await tick();
    last().hello();
    token = ''; // after a logout
    await expect(sync.renew()).rejects.toMatchObject({ code: 'no-auth' });
    expect([last().closed, links.length, last().sent.some((frame) => 'auth' in frame)]).toEqual([
      false,
      1,
      false,
    ]);
  });

  it('a `delay` that throws is reported, and the connection comes back', async () => {
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const { last, links } = setUp({
      retry: {
        delay() {
          throw new Error('mine');
        },
      },
    });
    await tick();
    last().lose();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(links.length).toBeGreaterThan(1);
    expect(report).toHaveBeenCalledWith(new Error('mine'));
  });
});

describe('a connection that was closed because the client is not authorized', () => {
  it.each([
    { code: 'unauthorized', message: '401' },
    { code: 'forbidden', message: '403', retry: false },
  ] as const)('with $message, tries again when the page is shown', async (reason) => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    const { sync, last, links } = setUp();
    await tick();
    last().lose(reason);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([sync.status.get().state, links.length]).toEqual(['closed', 1]);
    page.dispatchEvent(new Event('visibilitychange'));
    last().hello();
    expect([sync.status.get().state, links.length]).toEqual(['open', 2]);
  });
});
