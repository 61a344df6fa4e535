import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OpenFrame } from '../protocol/frames.js';
import { createFakeTransport, type FakeLink } from '../testing/fake-transport.js';
import { createConnection } from './connection.js';
import type { Connection } from './options.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const tick = () => vi.advanceTimersByTimeAsync(0);
const openOf = (link: FakeLink): OpenFrame['open'] => (link.sent[0] as OpenFrame).open;

describe('retry.delay', () => {
  /** A connection whose link is lost, and whose application does something when it is asked for the delay. */
  async function setUpLost(act: (sync: Connection) => void) {
    const fake = createFakeTransport();
    const delay = vi.fn(() => (delay.mock.calls.length === 1 && act(sync), 500));
    const sync = createConnection({ url: 'http://h/', transports: [fake.transport], retry: { delay } });
    const end = sync.replica().subscribe(() => {});
    await tick();
    fake.last().hello();
    fake.last().lose();
    return { ...fake, sync, end, delay };
  }

  it('may close the connection, which then stays closed', async () => {
    const { sync, links } = await setUpLost((sync) => sync.close());
    await vi.advanceTimersByTimeAsync(60_000);
    expect(links).toHaveLength(1);
    expect(sync.status.get()).toMatchObject({ state: 'closed', attempt: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may call reconnect, whose attempt then goes on', async () => {
    const { sync, links, last } = await setUpLost((sync) => sync.reconnect());
    expect(links).toHaveLength(2);
    expect(sync.status.get()).toMatchObject({ state: 'connecting', attempt: 1 });
    last().hello();
    await tick();
    expect(sync.status.get().state).toBe('open');
    expect(last().closed).toBe(false);
  });

  it('may close the connection when the network goes while it waits', async () => {
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    let isOver = false;
    const { sync, links, delay } = await setUpLost(() => {});
    delay.mockImplementation(() => {
      isOver = true;
      sync.close();
      return 500;
    });
    page.dispatchEvent(new Event('offline'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(isOver).toBe(true);
    expect(links).toHaveLength(1);
    expect(sync.status.get().state).toBe('closed');
  });
});

describe('a trial of a preferred transport', () => {
  it('carries the newest token, and asks for no session', async () => {
    const ws = createFakeTransport({ name: 'ws' });
    const sse = createFakeTransport({ name: 'sse' });
    let token = 'first';
    const transports = [ws.transport, sse.transport];
    const sync = createConnection({ url: 'http://h/', transports, auth: () => token });
    sync.replica().subscribe(() => {});
    await tick();
    ws.last().lose();
    await tick();
    sse.last().hello({ heartbeat: 600_000 });
    for (const [trial, ms] of [5_000, 10_000].entries()) {
      token = `newer ${trial}`;
      await sync.renew();
      await vi.advanceTimersByTimeAsync(ms);
      expect(ws.links).toHaveLength(2 + trial);
      expect(openOf(ws.last())).toEqual({ token, trial: true });
      expect(ws.last().attempt.headers).toEqual({ authorization: `Bearer ${token}` });
      ws.last().lose();
    }
    sync.close();
  });
});
