/** Clients that vanish without closing their connection, and clients that are only slow, on virtual time. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Hub } from '../src/hub/hub.js';
import type { Session } from '../src/sessions/session.js';
import { VirtualTime } from '../src/testing/virtual-time.js';
import { openPolling, pollingLinkOf } from '../src/transports/polling/polling.js';
import { serveSse } from '../src/transports/sse/serve-sse.js';
import { FakeExchange } from './rig/fake-exchange.js';
import { FakeOutlet } from './rig/fake-outlet.js';

const ANYBODY = { context: undefined, identity: undefined };
const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined };
const HEARTBEAT = 15_000;
const LIMIT = HEARTBEAT + 5_000;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'],
  });
});
afterEach(() => void vi.useRealTimers());

/** Lets virtual time pass, and delivers each second. Real timers, which a busy machine delays, have no part in it. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    vi.advanceTimersByTime(Math.min(left, 1_000));
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

const helloIn = (frames: readonly object[]): string =>
  (frames[0] as { hello: { session: string } }).hello.session;

/** Opens a session over a transport without a network. */
const OPEN = {
  websocket(hub: Hub): Promise<Session> {
    return Promise.resolve(hub.open(new FakeOutlet(), ANYBODY, {}));
  },
  async sse(hub: Hub): Promise<Session> {
    const exchange = new FakeExchange();
    void serveSse(hub, exchange, {}, ANYBODY, {}, []);
    await Promise.resolve();
    const outlet = exchange.streams[0] as FakeOutlet;
    outlet.isTwoWay = false;
    return hub.session(helloIn(outlet.take()), ANYBODY)!;
  },
  async polling(hub: Hub): Promise<Session> {
    const exchange = new FakeExchange();
    await openPolling(hub, exchange, {}, ANYBODY, {}, []);
    const id = helloIn(JSON.parse(exchange.answers[0]!.body) as object[]);
    void pollingLinkOf(hub, id, ANYBODY)!.poll(new FakeExchange(), {}); // waits when the client vanishes
    return hub.session(id, ANYBODY)!;
  },
};

describe.each([
  ['websocket', 2],
  ['sse', 3],
  ['polling', 3],
] as const)('over %s', (transport, heartbeats) => {
  it(`10,000 clients that vanish have no link after ${heartbeats} heartbeats and 5 s`, async () => {
    vi.useRealTimers();
    const time = new VirtualTime(); // in which 10,000 timers cost no more than their number
    const end = time.install();
    try {
      const hub = new Hub();
      const linked = (): number => hub.stats().sessions - hub.stats().away;
      for (let count = 0; count < 10_000; count++) {
        const session = await OPEN[transport](hub);
        session.liveness.watch();
        hub.receive(session, { ack: 0 }, CREDENTIALS);
      }
      await time.advance(HEARTBEAT);
      expect(linked()).toBe(10_000);
      await time.advance((heartbeats - 1) * HEARTBEAT + 5_000);
      expect(linked()).toBe(0);
    } finally {
      end();
    }
  });
});

describe.each([
  ['websocket', 2],
  ['sse', 3],
  ['polling', 3],
] as const)('over %s', (transport, heartbeats) => {
  it('1,000 clients that crash leave no session behind', async () => {
    vi.useRealTimers();
    const time = new VirtualTime();
    const end = time.install();
    try {
      const hub = new Hub({ canJoin: () => true });
      hub.messaging.createPresence({ of: (session) => ({ id: (session as { name: string }).name }) });
      for (let count = 0; count < 1_000; count++) {
        const session = await OPEN[transport](hub);
        const data = { room: `room-${count % 50}`, mine: count };
        hub.receive(session, { event: '$presence', data, call: 1, seq: 1 }, CREDENTIALS);
        // The system of some closes their connections; others fall silent.
        if (count % 2 === 0) hub.leave(session, session.outlet!, 'closed');
      }
      const members = (): object[] => Object.values(hub.messaging.presence!.members('room-1'));
      expect(hub.stats()).toMatchObject({ presence: 1_000, rooms: 50, away: 500 });
      await time.advance(heartbeats * HEARTBEAT + 5_000);
      expect(members().filter((member) => !('away' in member))).toEqual([]);
      await time.advance(30_000);
      const none = { sessions: 0, away: 0, presence: 0, rooms: 0, names: 0 };
      expect(hub.stats()).toMatchObject(none);
      expect(members()).toEqual([]);
    } finally {
      end();
    }
  });
});

describe('a client that does not answer', () => {
  async function open(isWatched: boolean): Promise<{ hub: Hub; session: Session; outlet: FakeOutlet }> {
    const hub = new Hub();
    const outlet = new FakeOutlet();
    const session = hub.open(outlet, ANYBODY, {});
    await Promise.resolve();
    if (isWatched) session.liveness.watch();
    return { hub, session, outlet };
  }

  it('loses its link with the reason silent, and its session can be resumed', async () => {
    const { hub, session, outlet } = await open(true);
    hub.receive(session, { ack: 0 }, CREDENTIALS);
    await pass(HEARTBEAT + LIMIT - 1);
    expect(outlet.closed).toBeUndefined();
    await pass(1);
    expect(outlet.closed).toBe('4408 silent');
    expect(outlet.take().filter((frame) => 'bye' in frame)).toEqual([]);
    expect(hub.open(new FakeOutlet(), ANYBODY, { session: session.id })).toBe(session);
  });

  it('keeps its link if it has never answered', async () => {
    const { outlet } = await open(true);
    await pass(20 * HEARTBEAT);
    expect(outlet.closed).toBeUndefined();
    expect(outlet.take().filter((frame) => frame.ack === true)).toHaveLength(20);
  });

  it('is not asked if nothing is unacknowledged and no client watches it', async () => {
    const { hub, session, outlet } = await open(false);
    hub.receive(session, { ack: 0 }, CREDENTIALS);
    session.liveness.watch()(); // watched, and not any more
    await pass(20 * HEARTBEAT);
    expect(outlet.closed).toBeUndefined();
    expect(outlet.take().filter((frame) => 'ack' in frame)).toEqual([]);
  });

  it('keeps its link while bytes wait to be sent to it', async () => {
    const { hub, session, outlet } = await open(true);
    hub.receive(session, { ack: 0 }, CREDENTIALS);
    outlet.waiting = 1;
    await pass(10 * HEARTBEAT);
    expect(outlet.closed).toBeUndefined();
    outlet.waiting = 0;
    await pass(HEARTBEAT);
    expect(outlet.closed).toBe('4408 silent');
  });

  it('keeps its link while the process stood still, since its answer may wait in a socket', async () => {
    const { hub, session, outlet } = await open(true);
    hub.receive(session, { ack: 0 }, CREDENTIALS);
    await pass(HEARTBEAT + 1);
    const now = performance.now();
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + LIMIT + 5_000);
    await pass(LIMIT); // the timer is 5 s late
    clock.mockRestore();
    expect(outlet.closed).toBeUndefined();
  });
});

it('a client that answers within the limit never loses its link, however slow it is', async () => {
  const delay = fc.oneof(fc.integer({ min: 0, max: LIMIT - 1 }), fc.constantFrom(0, LIMIT - 1));
  await fc.assert(
    fc.asyncProperty(
      fc.array(delay, { minLength: 1, maxLength: 20, size: 'max' }),
      fc.boolean(),
      fc.boolean(),
      async (delays, isTwoWay, hasEvents) => {
        const hub = new Hub();
        const outlet = new FakeOutlet();
        outlet.isTwoWay = isTwoWay;
        const session = hub.open(outlet, ANYBODY, {});
        if (!hasEvents) session.liveness.watch();
        hub.receive(session, { ack: 0 }, CREDENTIALS);
        let emitted = 0;
        let asks = 0;
        for (let second = 0; second < 400; second++) {
          if (hasEvents && second % 10 === 0) session.emit('n', ++emitted);
          await pass(1_000);
          for (const frame of outlet.take()) {
            if (frame.ack !== true) continue;
            const ack = emitted;
            // It was asked at some time in this second: so long ago at most.
            const left = Math.max(0, (delays[asks++ % delays.length] as number) - 1_000);
            setTimeout(() => hub.receive(session, { ack }, CREDENTIALS), left);
          }
        }
        expect(asks).toBeGreaterThan(0);
        expect(outlet.closed).toBeUndefined();
        hub.leave(session, outlet, 'closed');
        await hub.close();
        vi.clearAllTimers();
      },
    ),
    { numRuns: Math.ceil(Number(process.env.VELOX_RUNS ?? 300) / 10) },
  );
});
