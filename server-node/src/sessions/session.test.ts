/** The writes of a session and their times, on an outlet that the test controls. */
import { describe, expect, it, vi } from 'vitest';
import { Hub } from '../hub/hub.js';
import type { HubOptions } from '../hub/hub-options.js';
import { FULL_BYTES } from '../wire/outlet.js';
import type { Session } from './session.js';
import { LocalState } from '../state/local-state.js';
import { FakeOutlet } from '../../test/rig/fake-outlet.js';
import type { Frame } from '../../test/rig/raw-client.js';

const ANYBODY = { context: undefined, identity: undefined };
const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function open(
  hub: Hub,
  opening: { session?: string; ack?: number } = {},
): { outlet: FakeOutlet; session: Session; say: (frame: Parameters<Hub['receive']>[1]) => void } {
  const outlet = new FakeOutlet();
  const session = hub.open(outlet, ANYBODY, opening);
  return { outlet, session, say: (frame) => hub.receive(session, frame, CREDENTIALS) };
}

/** A hub whose log the test reads. */
function quiet(options: HubOptions = {}): { hub: Hub; failures: unknown[] } {
  const failures: unknown[] = [];
  const logger: HubOptions['logger'] = ({ level, error }) => level === 'error' && failures.push(error);
  return { hub: new Hub({ logger, ...options }), failures };
}

it('writes to the oldest link first, whatever topic changed first', async () => {
  const { hub } = quiet();
  const states = [new LocalState({ n: 1 }), new LocalState({ n: 1 })] as const;
  states.forEach((state, at) => hub.topics.publish(`t${at}`, state));
  const links = Array.from({ length: 6 }, () => open(hub));
  links.forEach(({ say }, at) => say({ subscribe: [{ topic: `t${at % 2}` }] }));
  await turn();
  const order: number[] = [];
  links.forEach(({ outlet }, at) => (outlet.onWrite = () => order.push(at)));
  for (const state of [states[1], states[0]]) state.set({ n: 2 });
  await turn();
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});

describe('a failing outlet', () => {
  it('ends its session, and the others that are due get theirs', async () => {
    const { hub, failures } = quiet();
    const state = new LocalState({ n: 1 });
    hub.topics.publish('a', state);
    const links = [open(hub), open(hub), open(hub)] as const;
    for (const { say } of links) say({ subscribe: [{ topic: 'a' }] });
    await turn();
    for (const { outlet } of links) outlet.take();
    links[0].outlet.broken = links[1].outlet.broken = true;
    state.set({ n: 2 });
    await turn();
    expect(links[2].outlet.take()).toEqual([expect.objectContaining({ topic: 'a', version: 2 })]);
    expect(hub.stats()).toMatchObject({ sessions: 1, subscriptions: 1 });
    expect(links[0].outlet.closed).toBe('4500 internal');
    expect(failures).toContainEqual(new Error('of the outlet'));
  });

  it('affects no other session when it breaks as it drains', async () => {
    const { hub, failures } = quiet();
    const { outlet, session } = open(hub);
    outlet.full = true;
    await turn();
    session.emit('n', 1);
    await turn();
    outlet.broken = true;
    session.drained(outlet);
    await turn();
    expect(hub.stats()).toMatchObject({ sessions: 0 });
    expect(failures).toContainEqual(new Error('of the outlet'));
  });

  it('affects no other session when it breaks at a heartbeat', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const { hub, failures } = quiet();
      const [bad, good] = [open(hub), open(hub)];
      await turn();
      good.outlet.take();
      bad.outlet.broken = true;
      vi.advanceTimersByTime(15_000);
      await turn();
      expect(good.outlet.take()).toEqual([{ ping: true }]);
      expect(hub.stats()).toMatchObject({ sessions: 1 });
      expect(failures).toContainEqual(new Error('of the outlet'));
    } finally {
      vi.useRealTimers();
    }
  });

  it('at the goodbye of all, the others get theirs', async () => {
    const { hub } = quiet();
    const [bad, good] = [open(hub), open(hub)];
    await turn();
    bad.outlet.broken = true;
    const closed = hub.close();
    expect(good.outlet.take().at(-1)).toMatchObject({ bye: { code: 'going-away' } });
    for (const { session, outlet } of [bad, good]) hub.leave(session, outlet, 'closed');
    await closed;
    expect(hub.stats()).toMatchObject({ sessions: 0 });
  });
});

describe('a reader that is slow', () => {
  it('gets one pong for however many pings', async () => {
    const { hub } = quiet();
    const { outlet, session, say } = open(hub);
    outlet.full = true;
    await turn();
    outlet.take();
    for (let i = 0; i < 100; i++) say({ ping: true });
    await turn();
    expect(outlet.writes).toEqual([]);
    outlet.full = false;
    session.drained(outlet);
    await turn();
    expect(outlet.take()).toEqual([{ ping: true }]);
  });

  it('gets one refusal for a topic after many requests, and none for a topic it no longer wants', async () => {
    const { hub } = quiet();
    const { outlet, session, say } = open(hub);
    outlet.full = true;
    await turn();
    outlet.take();
    for (let i = 0; i < 100; i++) say({ subscribe: [{ topic: 'none' }, { topic: 'left' }] });
    say({ unsubscribe: ['left'] });
    outlet.full = false;
    session.drained(outlet);
    await turn();
    expect(outlet.take()).toEqual([{ denied: 'none', code: 'not-found' }]);
  });

  it('gets refusals in writes of the size that state has', async () => {
    const { hub } = quiet();
    const { outlet, session, say } = open(hub);
    outlet.full = true;
    await turn();
    outlet.take();
    outlet.sizes.length = 0;
    const names = Array.from({ length: 300 }, (_, i) => `${i}`.padEnd(900, 'é').slice(0, 500));
    say({ subscribe: names.map((topic) => ({ topic })) });
    const denied: unknown[] = [];
    while (denied.length < 300) {
      session.drained(outlet);
      await turn();
      denied.push(...outlet.take().map((frame) => frame.denied));
    }
    expect(denied).toEqual(names);
    expect(Math.max(...outlet.sizes)).toBeLessThan(FULL_BYTES + 2_000);
  });

  it('gets writes that are measured in bytes', async () => {
    const { hub } = quiet();
    const { outlet, session } = open(hub);
    await turn();
    outlet.sizes.length = 0;
    for (let i = 0; i < 20; i++) session.emit('n', 'é'.repeat(10_000));
    await turn();
    expect(Math.max(...outlet.sizes)).toBeLessThan(FULL_BYTES + 21_000);
  });
});

describe('the order of writes', () => {
  const kinds = (frames: Frame[]): unknown[] =>
    frames.map((frame) => frame.event ?? frame.version ?? Object.keys(frame)[0]);

  it('hello comes before the answer to a ping', async () => {
    const { hub } = quiet();
    const { outlet, say } = open(hub);
    say({ ping: true });
    await turn();
    expect(kinds(outlet.take())).toEqual(['hello', 'ping']);
  });

  it('acknowledges the frames taken before the goodbye, so that another hub does not take them again', async () => {
    const { hub } = quiet();
    hub.messaging.on('n', () => undefined);
    const { outlet, session, say } = open(hub);
    await turn();
    outlet.take();
    say({ event: 'n', data: 1, seq: 1 });
    say({ event: 'n', data: 2, seq: 2 });
    session.close(4503, { code: 'going-away', reason: 'It goes.' });
    expect(outlet.take()).toEqual([{ ack: 2 }, { bye: { code: 'going-away', reason: 'It goes.' } }]);
  });

  it('hello comes before the goodbye', () => {
    const { hub } = quiet();
    const { outlet, session } = open(hub);
    hub.fail(session, new Error('of the test'));
    expect(kinds(outlet.take())).toEqual(['hello', 'bye']);
  });

  it.each([
    ['nobody else looked', () => undefined],
    ['somebody flushed already', (state: LocalState<{ n: number }>) => state.position()],
  ])('state that was changed before an event comes before it: %s', async (_, meanwhile) => {
    const { hub } = quiet();
    const state = new LocalState({ n: 1 });
    hub.topics.publish('a', state);
    const { outlet, session, say } = open(hub);
    say({ subscribe: [{ topic: 'a' }] });
    await turn();
    outlet.take();
    session.emit('before', null); // the session is due before the state is
    state.set({ n: 2 });
    meanwhile(state);
    session.emit('after', null);
    await turn();
    expect(kinds(outlet.take())).toEqual([2, 'before', 'after']);
  });

  it('a throttled state comes before an event to the same session, and keeps its own time for others', async () => {
    const { hub } = quiet();
    const state = new LocalState({ n: 1 }, { throttle: 3_600_000 });
    hub.topics.publish('a', state);
    const [first, second] = [open(hub), open(hub)];
    for (const { say } of [first, second]) say({ subscribe: [{ topic: 'a' }] });
    state.set({ n: 2 });
    await turn();
    for (const { outlet } of [first, second]) outlet.take();
    state.set({ n: 3 });
    state.position(); // another flush has already written it
    first.session.emit('event', null);
    await turn();
    state.set({ n: 4 });
    second.session.emit('event', null);
    await turn();
    expect(kinds(first.outlet.take())).toEqual([3, 'event']);
    expect(kinds(second.outlet.take())).toEqual([4, 'event']);
  });
});

describe('events', () => {
  /** The sum of dropped events that a link's frames report. */
  const droppedIn = (outlet: FakeOutlet): unknown => {
    const [sum] = outlet
      .take()
      .flatMap((frame) => [frame.dropped, (frame.hello as { dropped?: number } | undefined)?.dropped])
      .filter((dropped) => dropped !== undefined);
    return sum;
  };

  it.each([
    ['a BigInt', 1n, 'not-json'],
    ['a cycle', Object.assign([] as unknown[], { 0: 0 }), 'not-json'],
    ['a toJSON that throws', { toJSON: () => JSON.parse('{') as unknown }, 'not-json'],
    ['more than is kept', 'é'.repeat(600_000), 'too-large'],
  ])(
    'with data that cannot be sent are refused, and leave everything as it was: %s',
    async (kind, data, code) => {
      if (kind === 'a cycle') (data as unknown[])[0] = data;
      const { hub } = quiet();
      const { outlet, session } = open(hub);
      session.emit('kept', 1);
      expect(() => session.emit('bad', data)).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining('"bad"') as unknown }),
      );
      session.emit('next', 2);
      await turn();
      expect(outlet.take().slice(1)).toEqual([
        { event: 'kept', data: 1, seq: 1 },
        { event: 'next', data: 2 },
      ]);
      expect(session.dropped).toBe(0);
    },
  );

  it('do not count as dropped if they were written and the client has them', async () => {
    const { hub } = quiet();
    const { outlet, session } = open(hub);
    for (let n = 1; n <= 2_500; n++) {
      session.emit('n', n);
      await Promise.resolve();
    }
    expect(outlet.take().filter(({ event }) => event === 'n')).toHaveLength(2_500);
    const next = open(hub, { session: session.id, ack: 2_500 });
    await turn();
    expect(droppedIn(next.outlet)).toBeUndefined();
  });

  it('count as dropped if they were lost with their link, written or not', async () => {
    const { hub } = quiet();
    const { outlet, session } = open(hub);
    for (let n = 1; n <= 1_500; n++) {
      session.emit('n', n);
      await Promise.resolve();
    }
    hub.leave(session, outlet, 'lost');
    const second = open(hub, { session: session.id, ack: 400 }); // 501 to 1,500 are there
    await turn();
    expect(droppedIn(second.outlet)).toBe(100);
    second.outlet.full = true;
    session.emit('n', 1_501);
    await turn();
    for (let n = 1_502; n <= 2_701; n++) session.emit('n', n); // 1,200 for a full outlet, of which 200 are dropped
    const third = open(hub, { session: session.id, ack: 1_501 });
    await turn();
    expect(droppedIn(third.outlet)).toBe(300);
    const fourth = open(hub, { session: session.id, ack: 1_501 });
    await turn();
    expect(droppedIn(fourth.outlet)).toBe(300);
  });
});
