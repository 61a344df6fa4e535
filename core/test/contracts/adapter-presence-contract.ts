import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PresenceMembers, SyncSource } from '../../src/index.js';
import type { ClientFrame } from '../../src/protocol/frames.js';
import { play, type AdapterHarness, type Played } from './adapter-harness.js';

/** A component that is in a room. */
export interface Entered {
  /** Shows data to the others, by the function that the adapter gives. */
  readonly set: (mine: unknown) => void;
  /** Gives the component another room. */
  readonly switchTo: (room: string) => void;
  readonly unmount: () => void;
}

/** All that a framework contributes to the tests of its presence. */
export interface PresenceHarness extends Pick<AdapterHarness, 'act'> {
  /** Enters a room; `onShown` is called with the other members at each update of the framework. */
  readonly enter: (
    source: SyncSource,
    room: string,
    initial: unknown,
    onShown: (others: PresenceMembers) => void,
  ) => Entered;
}

interface PresenceServer extends Played {
  readonly source: SyncSource;
  /** The data of the frames `$presence` so far, without those of rooms that were left. */
  readonly shown: (room?: string) => unknown[];
  /** How many of the frames of that name there were. */
  readonly count: (event: string, data?: unknown) => number;
  /** Answers the newest call `$presence`, and sends the members of its room. */
  readonly welcome: (members: Record<string, unknown>) => Promise<void>;
}

const OWN = { id: 'me', name: 'tab-1', size: 100, throttle: 50 };
const who = (nick: string, at: object = {}) => ({ who: { nick }, since: 1, at });
let urls = 0;

/** The transports that the page can open: the WebSocket that jsdom has from Node fails on jsdom's own events. */
const TRANSPORTS = navigator.userAgent.includes('jsdom')
  ? (['sse'] as const)
  : (['websocket', 'sse', 'polling'] as const);

/** What every adapter has to do with presence, with the real core and a server that is played. */
export function adapterPresenceContract(
  name: string,
  { enter, act = (run) => run() }: PresenceHarness,
): void {
  const later = (ms: number): Promise<void> => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));

  function setUp(): PresenceServer {
    const server = play({ mount: () => expect.unreachable(), act });
    const events = () =>
      server.links
        .flatMap(({ sent }) => sent)
        .filter((frame): frame is Extract<ClientFrame, { event: string }> => 'event' in frame);
    let seq = 0;
    return {
      ...server,
      source: { url: `/${name}/presence/${urls++}`, ...server.options },
      shown: (room = 'lobby') =>
        events()
          .map(({ event, data }) => ({ event, data: data as { room: string; mine?: unknown } }))
          .filter(({ event, data }) => event === '$presence' && data.room === room && 'mine' in data)
          .map(({ data }) => data.mine),
      count: (event, data) =>
        events().filter((frame) => frame.event === event && (data === undefined || frame.data === data))
          .length,
      async welcome(members) {
        await server.say();
        const { call = 0, data } =
          events().findLast((frame) => frame.event === '$presence' && frame.call) ?? {};
        const topic = `presence/${(data as { room: string }).room}`;
        const body = { ...members, [OWN.id]: who('myself', { [OWN.name]: 0 }) };
        await server.say({ id: 'p', version: ++seq, topic, body }, { reply: call, data: OWN, seq });
      },
    };
  }

  describe(`presence in ${name}`, () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it('enters the room and shows the others, without the client itself', async () => {
      const server = setUp();
      const onShown = vi.fn<(others: PresenceMembers) => void>();
      const { unmount } = enter(server.source, 'lobby', { x: 1 }, onShown);
      await later(0);
      await server.welcome({ ann: who('Ann') });
      expect(server.count('$join', 'lobby')).toBe(1);
      expect(server.shown()).toEqual([{ x: 1 }]);
      expect(onShown.mock.lastCall).toEqual([{ ann: who('Ann') }]);
      expect(onShown.mock.calls.some(([others]) => 'me' in others)).toBe(false);
      unmount();
      await later(2_000);
      expect(server.count('$leave', 'lobby')).toBe(1);
    });

    it('sends the newest data at most every 50 ms, and again on each link', async () => {
      const server = setUp();
      const { set, unmount } = enter(server.source, 'lobby', 0, () => {});
      await later(0);
      await server.welcome({});
      for (let n = 1; n <= 20; n++) {
        set(n);
        await later(10);
      }
      await later(100);
      expect(server.shown()).toEqual([0, 1, 5, 10, 15, 20]);
      server.last().lose();
      set('newest');
      await later(1_500); // the next attempt waits for an answer
      await server.say();
      expect(server.shown().at(-1)).toBe('newest');
      unmount();
      await later(2_000);
    });

    it('does not update a component for its own data', async () => {
      const server = setUp();
      const onShown = vi.fn();
      const { unmount } = enter(server.source, 'lobby', 0, onShown);
      await later(0);
      await server.welcome({ ann: who('Ann') });
      const { length } = onShown.mock.calls;
      const own = [{ op: 'replace', path: '/me/at/tab-1', value: 1 }] as const;
      await server.say({ topic: 'presence/lobby', version: 2, delta: true, body: own });
      expect(onShown.mock.calls.length).toBe(length);
      unmount();
      await later(2_000);
    });

    it('takes its newest data along to another room', async () => {
      const server = setUp();
      const onShown = vi.fn();
      const { set, switchTo, unmount } = enter(server.source, 'lobby', 0, onShown);
      await later(0);
      await server.welcome({ ann: who('Ann') });
      set(7);
      await act(() => Promise.resolve(switchTo('garden')));
      await later(2_000);
      expect(server.shown('garden')).toEqual([7]);
      expect([server.count('$leave', 'lobby'), server.count('$leave', 'garden')]).toEqual([1, 0]);
      await server.welcome({ bob: who('Bob') });
      expect(onShown.mock.lastCall).toEqual([{ bob: who('Bob') }]);
      set(8);
      await later(100);
      expect(server.shown('garden')).toEqual([7, 8]);
      expect(server.shown('lobby')).toEqual([0, 7]);
      unmount();
      await later(2_000);
    });

    it('does not take refused data along to another room', async () => {
      const server = setUp();
      const { set, switchTo, unmount } = enter(server.source, 'lobby', 0, () => {});
      await later(0);
      await server.welcome({});
      set(7);
      expect(() => set(1n)).toThrow(expect.objectContaining({ code: 'not-json' }));
      await act(() => Promise.resolve(switchTo('garden')));
      await later(2_000);
      expect(server.shown('garden')).toEqual([7]);
      unmount();
      await later(2_000);
    });

    it('shares a room between components', async () => {
      const server = setUp();
      const shown = [vi.fn(), vi.fn()];
      const both = shown.map((each) => enter(server.source, 'lobby', 0, each));
      await later(0);
      await server.welcome({ ann: who('Ann') });
      for (const each of shown) expect(each.mock.lastCall).toEqual([{ ann: who('Ann') }]);
      expect([server.count('$join'), server.shown().length]).toEqual([1, 1]);
      both[0]?.unmount();
      await later(2_000);
      expect(server.count('$leave')).toBe(0);
      both[1]?.unmount();
      await later(2_000);
      expect(server.count('$leave')).toBe(1);
    });

    it('leaves nothing behind after 1,000 mounts', async () => {
      const server = setUp();
      const tenTimes = async (): Promise<void> => {
        const all = Array.from({ length: 10 }, (_, at) => enter(server.source, `room ${at}`, 0, () => {}));
        await later(0);
        all.forEach(({ unmount }) => unmount());
      };
      await tenTimes(); // lasting setup of the framework
      await later(30_000);
      const timers = vi.getTimerCount();
      for (let i = 0; i < 100; i++) await tenTimes();
      await later(30_000);
      expect(server.links.filter(({ closed }) => !closed)).toEqual([]);
      expect(vi.getTimerCount()).toBe(timers);
    });
  });
}

/**
 * What every adapter has to do with presence on a real server, over each transport, in real time.
 *
 * @param origin the server has an endpoint at `/sync`, whose rooms have presence.
 */
export function adapterPresenceServerContract(
  name: string,
  { enter }: Pick<PresenceHarness, 'enter'>,
  origin: string,
): void {
  it.each(TRANSPORTS)(`presence in ${name}, over %s, shows two clients each other`, async (transport) => {
    const room = `${name} ${transport} ${Math.random().toString(36).slice(2)}`;
    const shown: unknown[][] = [[], []];
    const clients = [0, 1].map((at) => {
      const source = { url: `${origin}/sync`, transport, identity: `${room} ${at}` };
      return enter(source, room, { n: at }, (others) => {
        shown[at] = Object.values(others).flatMap((member) => Object.values(member.at));
      });
    });
    await expect.poll(() => shown, { timeout: 15_000 }).toEqual([[{ n: 1 }], [{ n: 0 }]]);
    clients[1]?.set({ n: 7 });
    await expect.poll(() => shown[0], { timeout: 15_000 }).toEqual([{ n: 7 }]);
    clients[1]?.unmount();
    await expect.poll(() => shown[0], { timeout: 15_000 }).toEqual([]);
    clients[0]?.unmount();
  });
}
