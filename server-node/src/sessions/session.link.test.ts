/** A session without a hub: its link, its heartbeats, and its events on the way to an outlet that the test controls. */
import { expect, it, vi } from 'vitest';
import { FakeOutlet } from '../../test/rig/fake-outlet.js';
import type { Frame } from '../../test/rig/raw-client.js';
import { RateLimit } from '../access/rate-limit.js';
import { DEFAULT_LIMITS } from '../hub/hub-options.js';
import { commonHello } from './common-hello.js';
import { DEFAULT_EVENT_LIMITS, type EventLimits } from './event-limits.js';
import { eventMessage } from './event-message.js';
import { EventSender } from './event-sender.js';
import { Session } from './session.js';
import { LocalState } from '../state/local-state.js';
import { Broadcast } from '../topics/broadcast.js';
import { Resting } from '../topics/resting.js';
import { Subscription } from '../topics/subscription.js';

const ADA = { identity: 'ada', context: 7 };
const BUDGET = { left: 1_000 };

/** A session without a hub, with a link. */
function setUp(limits: Partial<EventLimits> = {}) {
  const traffic = { skipped: 0, caughtUp: 0, diverged: 0, invalid: 0, dropped: 0 };
  const onDue = vi.fn();
  const sender = new EventSender(traffic, { ...DEFAULT_EVENT_LIMITS, ...limits });
  const session = new Session(ADA, new RateLimit(100), sender, onDue, 'id');
  const outlet = new FakeOutlet();
  session.attach(outlet, 0);
  return {
    session,
    outlet,
    traffic,
    /** How often the session said since the last call that it has something to write. */
    dues: (): number => onDue.mock.calls.splice(0).filter(([due]) => due === session).length,
    /** The frames of the next delivery. */
    delivered: (): Frame[] => {
      session.deliver();
      return outlet.take();
    },
    /** Makes the outlet full, and forgets the event that did it. */
    fill: (): void => {
      outlet.full = true;
      session.emit('fills', 0);
      session.deliver();
      outlet.take();
      onDue.mockClear();
    },
  };
}

it('shows its client and the transport of its link, and cannot be resumed before the client names it', () => {
  const { session, outlet } = setUp();
  const { identity, context, name, isResumable, taken, dropped } = session;
  expect({ identity, context, name, isResumable, taken, dropped }).toEqual({
    name: '',
    identity: 'ada',
    context: 7,
    isResumable: false,
    taken: 0,
    dropped: 0,
  });
  expect([session.outlet === outlet, session.transport]).toEqual([true, 'fake']);
  session.detach(outlet);
  expect([session.outlet, session.transport]).toEqual([undefined, undefined]);
});

it('says hello as the first frame of a link, with the sum of dropped events if there are any', () => {
  const { session, outlet, dues, delivered } = setUp({ count: 1 });
  const common = commonHello(15_000, DEFAULT_LIMITS);
  session.ping();
  dues();
  session.greet({ session: 'id', ack: 0 }, common);
  expect([dues(), delivered()]).toEqual([
    1,
    [
      { hello: { session: 'id', ack: 0, link: 1, protocol: 3, heartbeat: 15_000, limits: DEFAULT_LIMITS } },
      { ping: true },
    ],
  ]);
  session.detach(outlet);
  for (const n of [1, 2, 3]) session.emit('n', n);
  const next = new FakeOutlet();
  session.attach(next, 0);
  session.greet({ session: 'id', ack: 0 }, common);
  session.deliver();
  expect(next.take()[0]?.hello).toMatchObject({ dropped: 2, link: 2 });
});

it('replaces a link, and ignores the end and the drain of the former one', () => {
  const { session, outlet, dues } = setUp();
  const next = new FakeOutlet();
  session.attach(next, 0);
  expect([outlet.closed, session.links]).toEqual(['4000 replaced', 2]);
  next.full = true;
  session.emit('n', 1);
  session.deliver();
  dues();
  session.drained(outlet);
  expect([dues(), session.link?.isFull, session.detach(outlet)]).toEqual([0, true, false]);
  session.drained(next);
  expect([dues(), session.link?.isFull, session.detach(next)]).toEqual([1, false, true]);
  session.replaceLink();
  expect(next.closed).toBeUndefined();
});

it('closes its link for another node', () => {
  const { session, outlet } = setUp();
  session.replaceLink();
  expect([outlet.closed, session.link]).toEqual(['4000 replaced', undefined]);
});

it('tells whether an event leaves, waits or is lost', () => {
  const { session, outlet, dues, delivered, fill } = setUp();
  const event = eventMessage('n', 1);
  const volatile = eventMessage('v', 1, { isVolatile: true });
  const both = (): string[] => [session.send(event), session.sendVolatile(volatile, 'v')];
  expect([both(), dues()]).toEqual([['sent', 'sent'], 2]);
  expect(delivered()).toEqual([
    { event: 'n', data: 1, seq: 1 },
    { event: 'v', data: 1, seq: 0 },
  ]);
  fill();
  expect([both(), dues()]).toEqual([['queued', 'queued'], 2]);
  session.detach(outlet);
  expect(both()).toEqual(['queued', 'dropped']);
  const onDrop = vi.fn();
  expect(session.hasEnded).toBe(false);
  session.end();
  expect([session.send(eventMessage('n', 2, { onDrop })), session.hasEnded]).toEqual(['dropped', true]);
  expect(onDrop).toHaveBeenCalledWith('ended');
});

it('forgets volatile events with the link that they waited for', () => {
  const { session, outlet, fill } = setUp();
  fill();
  session.sendVolatile(eventMessage('v', 1, { isVolatile: true }), 'v');
  session.detach(outlet);
  const next = new FakeOutlet();
  session.attach(next, 1);
  session.deliver();
  expect(next.take()).toEqual([]);
});

it('hands events to the node that it moves to', () => {
  const { session, delivered } = setUp();
  const send = vi.fn(() => 'queued' as const);
  session.redirect = { is: 'arriving', send };
  const [event, volatile] = [eventMessage('n', 1), eventMessage('v', 1, { isVolatile: true })];
  expect([session.send(event), session.send(event, true), session.sendVolatile(volatile, 'k')]).toEqual(
    Array(3).fill('queued'),
  );
  expect(send.mock.calls).toEqual([
    [event, { isUrgent: false }],
    [event, { isUrgent: true }],
    [volatile, { volatileKey: 'k' }],
  ]);
  expect(delivered()).toEqual([]);
});

it('holds events back until each hold ends, and then says that it has something to write', () => {
  const { session, dues, delivered } = setUp();
  const release = session.holdEvents();
  session.emit('waits', 1);
  session.send(eventMessage('urgent', 1), true);
  expect(delivered().map(({ event }) => event)).toEqual(['urgent']);
  dues();
  release();
  expect([dues(), delivered().map(({ event }) => event)]).toEqual([1, ['waits']]);
});

it('holds all events back while subscriptions wait for an answer, unless it ends', () => {
  const { session, dues, delivered, outlet } = setUp();
  session.holdForTopics(true);
  session.emit('n', 1);
  dues();
  session.holdForTopics(true);
  expect([delivered(), dues()]).toEqual([[], 0]);
  session.holdForTopics(false);
  expect([dues(), delivered().length]).toEqual([1, 1]);
  session.holdForTopics(true);
  session.emit('n', 2);
  session.deliverLast();
  expect(outlet.take()).toEqual([{ event: 'n', data: 2 }]);
});

it('writes its last frames to an outlet that is full but has nothing waiting, as between two polls', () => {
  const { session, outlet, fill, delivered } = setUp();
  fill();
  session.emit('n', 1);
  expect(delivered()).toEqual([]);
  outlet.waiting = 1;
  session.deliverLast();
  expect(outlet.take()).toEqual([]);
  outlet.waiting = 0;
  session.deliverLast();
  expect(outlet.take()).toEqual([{ event: 'n', data: 1 }]);
});

it('acknowledges 256 frames together, and fewer with the next heartbeat', () => {
  const { session, dues, delivered } = setUp();
  expect([session.take(1, 10), session.take(1, 10), session.taken]).toEqual([true, false, 1]);
  expect([dues(), delivered()]).toEqual([0, []]);
  session.beat(BUDGET, 1);
  expect(delivered()).toEqual([{ ack: 1 }, { ping: true }]);
  for (let seq = 2; seq <= 257; seq++) session.take(seq, 10);
  expect([dues(), delivered()]).toEqual([expect.any(Number), [{ ack: 257 }]]);
  session.beat(BUDGET, 2);
  expect(delivered()).toEqual([{ ping: true }]);
});

it('owes no acknowledgement that the answer to a POST has carried', () => {
  const { session, delivered } = setUp();
  session.take(1, 10);
  session.oweAck();
  session.noteAcked();
  session.beat(BUDGET, 1);
  expect(delivered()).toEqual([{ ping: true }]);
});

it('asks for an answer to a heartbeat while it is watched or events are not acknowledged', () => {
  const { session, delivered } = setUp();
  const beats = (heartbeat: number): unknown => [session.beat(BUDGET, heartbeat), delivered()];
  const plain = [false, [{ ping: true }]];
  const asking = [true, [{ ping: true, ack: true }]];
  expect(beats(1)).toEqual(plain);
  const unwatch = session.liveness.watch();
  expect(beats(2)).toEqual(asking);
  unwatch();
  expect(beats(3)).toEqual(plain);
  session.emit('n', 1);
  delivered();
  expect(beats(4)).toEqual(asking);
  session.receiveAck(1);
  expect(beats(5)).toEqual(plain);
});

it('asks a client that answers by POST with every second heartbeat alone', () => {
  const { session, outlet, delivered } = setUp();
  outlet.isTwoWay = false;
  session.liveness.watch();
  expect([1, 2, 3, 4].map((heartbeat) => session.beat(BUDGET, heartbeat))).toEqual([
    false,
    true,
    false,
    true,
  ]);
  expect(delivered()).toEqual([{ ping: true, ack: true }]);
});

it('sends no heartbeat without a link or to a full outlet', () => {
  const { session, outlet, fill, dues } = setUp();
  session.liveness.watch();
  fill();
  expect([session.beat(BUDGET, 1), dues()]).toEqual([false, 0]);
  session.detach(outlet);
  expect([session.beat(BUDGET, 2), session.isSilentSince(2)]).toEqual([false, false]);
});

it('takes silence for a loss only of a client that has answered before and was asked', () => {
  const { session, outlet, delivered } = setUp();
  session.liveness.watch();
  session.beat(BUDGET, 1);
  delivered();
  expect(session.isSilentSince(1)).toBe(false);
  session.receiveAck(0);
  expect(session.isSilentSince(1)).toBe(true);
  session.heard();
  expect(session.isSilentSince(1)).toBe(false);
  session.beat(BUDGET, 2);
  delivered();
  expect(session.isSilentSince(2)).toBe(true);
  session.drained(outlet); // the client has read
  expect(session.isSilentSince(2)).toBe(false);
});

it('sends a sign of life, and asks for one if it is told to', () => {
  const { session, dues, delivered } = setUp();
  session.ping();
  expect([dues(), delivered()]).toEqual([1, [{ ping: true }]]);
  session.ping(true);
  session.ping();
  expect(delivered()).toEqual([{ ping: true, ack: true }]);
});

it('ends with too-slow once more events waited than are kept', () => {
  const { session, outlet } = setUp({ count: 1, overflow: 'close' });
  session.emit('n', 1);
  session.prepare();
  session.detach(outlet);
  for (const n of [2, 3]) session.emit('n', n);
  expect(() => session.prepare()).toThrow(expect.objectContaining({ code: 'too-slow' }));
});

it('says goodbye once, and nothing follows it', () => {
  const { session, outlet, delivered } = setUp();
  const bye = { code: 'going-away', reason: 'It goes.' } as const;
  session.close(4503, bye);
  session.close(4503, bye);
  session.emit('n', 1);
  expect([delivered(), outlet.closed, session.link]).toEqual([[{ bye }], '4503 going-away', undefined]);
});

it('acknowledges the frames of the client before the goodbye, also if an earlier acknowledgement may not have arrived', () => {
  const bye = { code: 'going-away', reason: 'It goes.' } as const;
  const ways: ((session: Session, fill: () => void) => void)[] = [
    () => undefined,
    (session) => session.noteAcked(), // the answer to the POST takes another connection
    (session, fill) => {
      fill();
      session.oweAck(); // it waits for the outlet
    },
  ];
  for (const acknowledge of ways) {
    const { session, outlet, fill } = setUp();
    session.take(1, 10);
    acknowledge(session, fill);
    outlet.take();
    session.close(4503, bye);
    expect(outlet.take()).toEqual([{ ack: 1 }, { bye }]);
  }
});

it('takes late frames, timers and answers without a link, and writes nothing', () => {
  const { session, outlet, dues, delivered } = setUp();
  session.detach(outlet);
  session.greet({ session: 'id', ack: 0 }, commonHello(15_000, DEFAULT_LIMITS));
  session.oweAck();
  session.noteAcked();
  session.receiveAck(0);
  session.heard();
  session.ping();
  session.drained(outlet);
  new Subscription(session, 'board', undefined, true, true).deny('forbidden');
  session.prepare();
  expect([session.isSilentSince(1), dues() > 0, delivered()]).toEqual([false, true, []]);
});

it('counts a topic that met a full outlet, and not one that met none', () => {
  const { session, fill, traffic } = setUp();
  const { topics } = session;
  const resting = new Resting();
  const host = { onChange: () => undefined, onDelivered: () => undefined, onEmpty: () => undefined };
  const options = { longest: 1 << 20, isCompressible: false, resting };
  const source = { open: () => 'not-found' as const, release: () => undefined };
  const subscription = new Subscription(session, 'board', undefined, true, true);
  topics.add(subscription);
  subscription.join(new Broadcast('board', new LocalState(1), source, options, host));
  expect(traffic.skipped).toBe(0);
  fill();
  subscription.touch();
  expect(traffic.skipped).toBe(1);
  session.link = undefined;
  subscription.touch();
  expect(traffic.skipped).toBe(1);
  resting.close();
});

it('writes on while the outlet takes more than one write', () => {
  const { session, outlet } = setUp();
  for (let n = 0; n < 20; n++) session.emit('n', 'x'.repeat(10_000));
  session.deliver();
  expect([outlet.writes.length > 1, outlet.take().length]).toEqual([true, 20]);
});
