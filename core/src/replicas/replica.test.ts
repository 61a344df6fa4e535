import { applyPatches, enablePatches, type Patch as ImmerPatch } from 'immer';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Owned, Patch } from '../protocol/patch.js';
import { createStateHash, type CheckFrame, type Operation, type StateFrame } from '../protocol/index.js';
import { createCell } from '../reactive/readable.js';
import { createReplica, type Replica, type ReplicaControl } from './replica.js';
import { IDLE, type Status } from './status.js';

enablePatches();
/** How many runs a property gets: as many as a proof asks for. */
const runs = (usually: number): number => Number(process.env.VELOX_RUNS ?? usually);
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const OPEN: Status = { ...IDLE, state: 'open' };

interface Row {
  readonly n: number;
}
interface Board {
  readonly rows: readonly Row[];
}

/** A replica with a connection that a test plays: it is painted by hand. */
function setUp(topic = 'board') {
  const due = new Set<() => void>();
  let owned: Owned = new Set();
  const status = createCell(OPEN);
  const [onChange, onStale] = [vi.fn(), vi.fn()];
  const control: ReplicaControl = createReplica(topic, {
    owned: () => owned,
    schedule: (publish) => void due.add(publish),
    flush: () => paint(),
    status,
    onChange,
    onStale,
  });
  const paint = () => {
    owned = new Set();
    for (const publish of due) {
      due.delete(publish);
      publish();
    }
  };
  return {
    ...control,
    replica: control.replica as Replica<Board>,
    status,
    onChange,
    onStale,
    due,
    paint,
    /** Subscribed, and answered by a snapshot at version 1. */
    start: () => {
      const stop = control.replica.subscribe(() => {});
      control.say();
      control.receive(snapshot(1, { rows: [{ n: 0 }, { n: 0 }] }));
      paint();
      onChange.mockClear();
      onStale.mockClear();
      return stop;
    },
  };
}

const snapshot = (version: number, body: unknown, id = 'a'): StateFrame => ({ id, version, body });
const delta = (version: number, ...body: Operation[]): StateFrame => ({ version, delta: true, body });
const set = (row: number, value: number): Operation => ({ op: 'replace', path: `/rows/${row}/n`, value });

describe('the value of a replica', () => {
  it('is undefined until the first snapshot, and published at the paint', () => {
    const { replica, receive, paint, say } = setUp();
    const seen: unknown[] = [];
    replica.subscribe(() => seen.push(replica.get()));
    say();
    receive(snapshot(1, { rows: [] }));
    expect(replica.get()).toBeUndefined();
    paint();
    expect(seen).toEqual([{ rows: [] }]);
  });

  it('applies many frames in one notification and shares untouched branches', () => {
    const { replica, receive, paint, start } = setUp();
    start();
    const before = replica.get() as Board;
    const listener = vi.fn();
    replica.subscribe(listener);
    for (let version = 2; version <= 101; version++) receive(delta(version, set(1, version)));
    expect(replica.get()).toBe(before);
    paint();
    expect(listener).toHaveBeenCalledOnce();
    expect(replica.get()).toEqual({ rows: [{ n: 0 }, { n: 101 }] });
    expect(replica.get()?.rows[0]).toBe(before.rows[0]);
    expect(before).toEqual({ rows: [{ n: 0 }, { n: 0 }] });
  });

  it('runs no listener for an answer that changes nothing', () => {
    const { replica, receive, paint, start } = setUp();
    start();
    const listener = vi.fn();
    replica.subscribe(listener);
    receive({ id: 'a', version: 1 });
    paint();
    expect(listener).not.toHaveBeenCalled();
  });

  it('never changes a value that it has returned', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1), fc.boolean()), { maxLength: 30, size: 'max' }), (steps) => {
        const { replica, receive, paint, start } = setUp();
        start();
        const returned = [replica.get()];
        const texts = [JSON.stringify(replica.get())];
        steps.forEach(([row, painted], i) => {
          receive(delta(i + 2, set(row, i)));
          if (!painted) return;
          paint();
          returned.push(replica.get());
          texts.push(JSON.stringify(replica.get()));
        });
        paint();
        expect(returned.map((value) => JSON.stringify(value))).toEqual(texts);
      }),
      { numRuns: runs(200) },
    );
  });

  it('ignores stale frames and topics without subscribers', () => {
    const { replica, receive, paint, start, say, drop } = setUp();
    const stop = start();
    receive(delta(2, set(0, 1)));
    receive(delta(2, set(0, 2)));
    receive(snapshot(1, { rows: [] }));
    paint();
    expect(replica.get()).toEqual({ rows: [{ n: 1 }, { n: 0 }] });
    stop();
    vi.advanceTimersByTime(1_000);
    say();
    receive(delta(3, set(0, 3)));
    drop();
    paint();
    expect(replica.get()).toEqual({ rows: [{ n: 1 }, { n: 0 }] });
  });
});

describe('interest', () => {
  it('begins with the first and ends 1 s after the last, for the value and for patches', () => {
    const { replica, wanted, onChange } = setUp();
    const stops = [replica.subscribe(() => {}), replica.subscribePatches(() => {})];
    expect(wanted()).toBe(true);
    expect(onChange).toHaveBeenCalledOnce();
    stops[0]?.();
    vi.advanceTimersByTime(5_000);
    expect(wanted()).toBe(true);
    stops[1]?.();
    stops[1]?.();
    stops[0]?.();
    vi.advanceTimersByTime(999);
    expect(wanted()).toBe(true);
    vi.advanceTimersByTime(1);
    expect(wanted()).toBe(false);
    expect(onChange).toHaveBeenCalledTimes(2);
    replica.subscribe(() => {})();
    vi.advanceTimersByTime(1_000);
    expect(wanted()).toBe(false);
    expect(onChange).toHaveBeenCalledTimes(4);
  });

  it('goes on if a subscriber comes within that second', () => {
    const { replica, wanted, onChange } = setUp();
    replica.subscribe(() => {})();
    vi.advanceTimersByTime(999);
    replica.subscribe(() => {});
    vi.advanceTimersByTime(5_000);
    expect(wanted()).toBe(true);
    expect(onChange).toHaveBeenCalledOnce();
  });

  it('is not caused by reading the status', () => {
    const { replica, wanted, onChange } = setUp();
    replica.status.subscribe(() => {});
    expect(wanted()).toBe(false);
    expect(onChange).not.toHaveBeenCalled();
  });

  it('tells the link once about the topic, with the position of the replica', () => {
    const { replica, receive, say, drop } = setUp();
    expect(say()).toBeUndefined();
    const stop = replica.subscribe(() => {});
    expect(say()).toEqual({ topic: 'board' });
    expect(say()).toBeUndefined();
    receive(snapshot(7, { rows: [] }));
    drop();
    expect(say()).toEqual({ topic: 'board', id: 'a', version: 7 });
    stop();
    vi.advanceTimersByTime(1_000);
    expect(say()).toBe('board');
    expect(say()).toBeUndefined();
  });

  it('names the proof of its last snapshot, which deltas and positions do not replace', () => {
    const { replica, receive, say, drop } = setUp();
    replica.subscribe(() => {});
    say();
    receive({ ...snapshot(1, { rows: [{ n: 0 }] }), proof: '1.first' });
    receive({ ...delta(2, set(0, 1)), proof: '2.none' });
    receive({ id: 'a', version: 2 });
    drop();
    expect(say()).toEqual({ topic: 'board', id: 'a', version: 2, proof: '1.first' });
    receive(snapshot(3, { rows: [] }));
    drop();
    expect(say()).toEqual({ topic: 'board', id: 'a', version: 3, proof: undefined });
  });

  it('takes a value for another topic while it is not wanted, and ignores one otherwise', () => {
    const { replica, receive, say, paint } = setUp();
    const seed = (n: number): StateFrame => ({ ...snapshot(n, { rows: [{ n }] }), for: 'other' });
    receive(snapshot(1, { rows: [] }));
    paint();
    expect(replica.get()).toBeUndefined();
    receive(seed(2));
    paint();
    expect(replica.get()).toEqual({ rows: [{ n: 2 }] });
    const stop = replica.subscribe(() => {});
    receive(seed(3));
    expect(say()).toEqual({ topic: 'board', id: 'a', version: 2 });
    receive(seed(3));
    paint();
    expect(replica.get()).toEqual({ rows: [{ n: 2 }] });
    receive(snapshot(4, { rows: [] }));
    stop();
    vi.advanceTimersByTime(1_000);
    receive(seed(5)); // the link does not know yet that the topic is not wanted
    paint();
    expect(replica.get()).toEqual({ rows: [] });
  });

  it('stays stale and asks again if a late frame arrives between an unsubscribe and the next subscription', () => {
    const { replica, start, say, receive, onStale, paint } = setUp();
    const stop = start();
    stop();
    vi.advanceTimersByTime(1_000);
    receive(delta(2, set(0, 2))); // not wanted any more, and not yet unsubscribed
    expect(say()).toBe('board');
    replica.subscribe(() => {});
    receive(delta(2, set(0, 2)));
    receive(snapshot(3, { rows: [] }));
    paint();
    expect(replica.status.get().stale).toBe(true);
    expect(onStale).toHaveBeenLastCalledWith(true);
    expect(say()).toEqual({ topic: 'board', id: 'a', version: 1 });
    receive(delta(2, set(0, 2)));
    paint();
    expect([replica.get()?.rows[0], replica.status.get().stale]).toEqual([{ n: 2 }, false]);
  });

  it('ignores a reason for doubt that crosses its unsubscribe', () => {
    const { replica, receive, say, doubt } = setUp();
    const stop = replica.subscribe(() => {});
    say();
    receive(snapshot(7, { rows: [] }));
    stop();
    vi.advanceTimersByTime(1_000);
    say();
    doubt({ code: 'stale', message: 'late' });
    expect(replica.status.get().reason).toBeUndefined();
  });

  it('shows a reason for doubt as long as the link carries it', () => {
    const { replica, start, doubt } = setUp();
    const stop = start();
    stop();
    vi.advanceTimersByTime(1_000);
    doubt({ code: 'stale', message: 'early' });
    expect(replica.status.get().reason).toEqual({ code: 'stale', message: 'early' });
  });

  it('leaves out the name of the default topic', () => {
    const { replica, say } = setUp('');
    replica.subscribe(() => {});
    expect(JSON.stringify(say())).toBe('{}');
  });
});

describe('a gap', () => {
  it('causes one request from the present position; deltas before the answer are ignored', () => {
    const { receive, say, onChange, start, paint, replica } = setUp();
    start();
    receive(delta(5, set(0, 5)));
    receive(delta(6, set(0, 6)));
    expect(say()).toEqual({ topic: 'board', id: 'a', version: 1 });
    receive(delta(7, set(0, 7)));
    expect(say()).toBeUndefined();
    expect(onChange).toHaveBeenCalledOnce();
    paint();
    expect(replica.get()?.rows[0]).toEqual({ n: 0 });
  });

  it.each<[string, StateFrame, number]>([
    ['a snapshot', snapshot(7, { rows: [{ n: 7 }] }), 7],
    ['a delta that fits', { ...delta(7, set(0, 7)), from: 1 }, 7],
    ['a bare position that fits', { id: 'a', version: 1 }, 0],
    ['a snapshot of a new life', snapshot(1, { rows: [{ n: 1 }] }, 'b'), 1],
  ])('ends with %s, and the next gap causes another request', (_, answer, n) => {
    const { receive, say, start, paint, replica } = setUp();
    start();
    receive(delta(5, set(0, 5)));
    say();
    expect(replica.status.get().stale).toBe(true);
    receive(answer);
    paint();
    expect(replica.status.get().stale).toBe(false);
    expect(replica.get()?.rows[0]).toEqual({ n });
    receive(delta(100, set(0, 5)));
    expect(say()).toMatchObject({ topic: 'board' });
  });

  it('is not answered by a delta of the past', () => {
    const { receive, say, start, due } = setUp();
    start();
    receive(delta(5, set(0, 5)));
    say();
    receive(delta(1, set(0, 1)));
    expect(due.size).toBe(0);
  });

  it.each<[string, Operation]>([
    ['cannot be applied', { op: 'remove', path: '/nowhere/at/all' }],
    ['has an unsafe key', { op: 'add', path: '/__proto__', value: 1 }],
  ])('that is a delta which %s is asked about without a position; the shown value stays', (_, bad) => {
    const { receive, say, start, paint, replica } = setUp();
    start();
    const shown = replica.get();
    receive(delta(2, set(0, 2)));
    receive(delta(3, set(1, 3), bad));
    receive(delta(4, set(0, 4)));
    paint();
    expect(replica.get()).toBe(shown);
    expect(say()).toEqual({ topic: 'board', diverged: 1 });
    receive(snapshot(4, { rows: [{ n: 4 }] }));
    paint();
    expect(replica.get()).toEqual({ rows: [{ n: 4 }] });
    expect(shown).toEqual({ rows: [{ n: 0 }, { n: 0 }] });
  });
});

describe('patches', () => {
  it('come at the paint, after the value', () => {
    const { replica, receive, paint, start } = setUp();
    start();
    const seen: [Board | undefined, Patch[]][] = [];
    replica.subscribePatches((patches) => seen.push([replica.get(), patches]));
    receive(delta(2, set(0, 2)));
    receive(delta(3, set(1, 3)));
    expect(seen).toEqual([]);
    paint();
    expect(seen).toEqual([
      [
        { rows: [{ n: 2 }, { n: 3 }] },
        [
          { op: 'replace', path: ['rows', 0, 'n'], value: 2 },
          { op: 'replace', path: ['rows', 1, 'n'], value: 3 },
        ],
      ],
    ]);
  });

  it('replace the root when the value comes as a whole', () => {
    const { replica, receive, paint, start } = setUp();
    start();
    const listener = vi.fn();
    replica.subscribePatches(listener);
    receive(snapshot(9, { rows: [] }));
    paint();
    expect(listener).toHaveBeenCalledExactlyOnceWith([{ op: 'replace', path: [], value: { rows: [] } }]);
  });

  it('are not told when nothing changed', () => {
    const { replica, receive, paint, start } = setUp();
    start();
    const listener = vi.fn();
    replica.subscribePatches(listener);
    receive({ id: 'a', version: 1 });
    paint();
    expect(listener).not.toHaveBeenCalled();
  });

  it('lead from the former value to the present one in immer, for every listener', () => {
    const operation = fc.oneof(
      fc.record({
        op: fc.constant('add' as const),
        path: fc.constantFrom('/rows/0', '/rows/-'),
        value: fc.record({ n: fc.nat() }),
      }),
      fc.record({
        op: fc.constant('replace' as const),
        path: fc.constantFrom('/rows/0/n', '/rows/1/n'),
        value: fc.nat(),
      }),
      fc.constant({ op: 'move' as const, from: '/rows/0', path: '/rows/1' }),
      fc.constant({ op: 'copy' as const, from: '/rows/1', path: '/rows/0' }),
    );
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.array(operation, { minLength: 1, maxLength: 4 }) },
      { weight: 2, arbitrary: fc.constant('paint' as const) },
      { weight: 1, arbitrary: fc.constant('join' as const) },
      { weight: 1, arbitrary: fc.constantFrom('snapshot' as const, 'broken' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
        const { replica, receive, say, paint, start } = setUp();
        start();
        const copies: { value: object }[] = [];
        let version = 1;
        for (const step of steps) {
          if (step === 'paint') paint();
          else if (step === 'join') {
            const copy = { value: structuredClone(replica.get()) as object };
            copies.push(copy);
            replica.subscribePatches((patches) => {
              copy.value = applyPatches(copy.value, structuredClone(patches) as ImmerPatch[]);
            });
          } else if (step === 'snapshot') receive(snapshot(++version, { rows: [{ n: -1 }, { n: -2 }] }));
          else if (step === 'broken') {
            receive(delta(++version, set(0, 9), { op: 'remove', path: '/x/y' }));
            say();
            receive(snapshot(version, { rows: [{ n: -3 }, { n: -4 }] }));
          } else receive(delta(++version, ...step));
        }
        paint();
        for (const { value } of copies) expect(value).toEqual(replica.get());
      }),
      { numRuns: runs(300) },
    );
  });

  it('reach other listeners when one listener throws', () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const { replica, receive, paint, start } = setUp();
    start();
    const listener = vi.fn();
    replica.subscribePatches(() => {
      throw new Error('mine');
    });
    replica.subscribePatches(listener);
    receive(delta(2, set(0, 2)));
    paint();
    expect(reported).toHaveBeenCalledExactlyOnceWith(new Error('mine'));
    expect(listener).toHaveBeenCalledOnce();
  });
});

describe('an initial value', () => {
  const initial = { id: 'a', version: 3, body: { rows: [] } };

  it('is there immediately, and carries its position into the first subscribe', () => {
    const { replica, seed, say } = setUp();
    seed(initial);
    expect(replica.get()).toBe(initial.body);
    expect(replica.getInitial()).toBe(initial.body);
    replica.subscribe(() => {});
    expect(say()).toEqual({ topic: 'board', id: 'a', version: 3 });
  });

  it('applies once, and never replaces a value of the server', () => {
    const { replica, seed, start } = setUp();
    start();
    const shown = replica.get();
    seed(initial);
    expect(replica.get()).toBe(shown);
    expect(replica.getInitial()).toBe(initial.body);
    seed({ ...initial, body: { rows: [{ n: 5 }] } });
    expect(replica.getInitial()).toBe(initial.body);
  });

  it('comes after the rendering to a topic that is wanted and has no value', async () => {
    const { replica, seed, say, receive, paint } = setUp();
    const [listener, onPatches] = [vi.fn(), vi.fn()];
    replica.subscribe(listener);
    replica.subscribePatches(onPatches);
    say();
    seed(initial);
    expect(listener).not.toHaveBeenCalled();
    expect(replica.get()).toBeUndefined();
    await Promise.resolve();
    expect(listener).toHaveBeenCalledOnce();
    expect(replica.get()).toBe(initial.body);
    expect(onPatches).toHaveBeenCalledExactlyOnceWith([{ op: 'replace', path: [], value: initial.body }]);
    expect(replica.status.get()).toMatchObject({ stale: true });
    receive({ ...initial, topic: 'board', body: { rows: [] } });
    paint();
    expect(replica.get()).toBe(initial.body);
    expect(replica.status.get()).toMatchObject({ stale: false });
    receive(snapshot(4, { rows: [{ n: 1 }] }));
    paint();
    expect(replica.get()).toEqual({ rows: [{ n: 1 }] });
  });

  it('does not replace a value that has arrived before it is published', async () => {
    const { replica, seed, say, receive, paint } = setUp();
    replica.subscribe(() => {});
    say();
    seed(initial);
    receive(snapshot(4, { rows: [{ n: 1 }] }));
    paint();
    const shown = replica.get();
    expect(shown).toEqual({ rows: [{ n: 1 }] });
    await Promise.resolve();
    expect(replica.get()).toBe(shown);
  });

  it('does not come back after a divergence', () => {
    const { replica, seed, say, receive, paint } = setUp();
    seed(initial);
    replica.subscribe(() => {});
    say();
    receive(snapshot(4, { rows: [{ n: 1 }] }));
    paint();
    const shown = replica.get();
    receive({ topic: 'board', version: 5, delta: true, body: [{ op: 'remove', path: '/nothing' }] });
    seed(initial); // the page renders, because the status has changed
    expect(replica.get()).toBe(shown);
    expect(say()).toEqual({ topic: 'board', diverged: 1 });
  });

  it('of a newer version is taken while the topic is not subscribed', async () => {
    const { replica, seed, say } = setUp();
    seed(initial);
    const newer = { ...initial, version: 9, body: { rows: [{ n: 9 }] } };
    seed(newer);
    expect(replica.get()).toEqual(newer.body);
    expect(Object.isFrozen(newer.body)).toBe(true);
    for (const other of [initial, { ...newer, id: 'b', version: 20, body: { rows: [] } }]) {
      seed(other);
      expect(replica.get()).toEqual(newer.body);
    }
    replica.subscribe(() => {});
    expect(say()).toEqual({ topic: 'board', id: 'a', version: 9 });
    seed({ ...initial, version: 12 }); // the answer to position 9 is under way
    await Promise.resolve();
    expect(replica.get()).toEqual(newer.body);
  });

  it('of a newer version may be frozen, and have parts that are equal to those of the former one', () => {
    const { replica, seed } = setUp();
    seed({ ...initial, body: { rows: [{ n: 1 }] } });
    const body = Object.freeze({ rows: Object.freeze([Object.freeze({ n: 1 }), Object.freeze({ n: 2 })]) });
    seed({ ...initial, version: 9, body });
    expect(replica.get()).toBe(body);
  });

  it('of a newer version with an equal value keeps the former one', () => {
    const { replica, seed } = setUp();
    seed({ ...initial, body: { rows: [{ n: 1 }] } });
    const shown = replica.get();
    seed({ ...initial, version: 9, body: Object.freeze({ rows: [{ n: 1 }] }) });
    expect(replica.get()).toBe(shown);
  });

  it('stays the value for hydration after a newer one has arrived', () => {
    const { replica, seed, say, receive, paint } = setUp();
    seed(initial);
    replica.subscribe(() => {});
    say();
    receive(snapshot(4, { rows: [{ n: 1 }] }));
    paint();
    expect(replica.getInitial()).toBe(initial.body);
    expect(replica.status.getInitial()).toBe(IDLE);
  });
});

describe('the status of a replica', () => {
  it('is that of the connection, with the staleness of the topic', () => {
    const { replica, say, receive, paint, status, onStale } = setUp();
    expect(replica.status.get()).toMatchObject({ state: 'open', stale: true });
    status.set({ ...OPEN, stale: false, transport: 'x' });
    expect(replica.status.get()).toEqual({ state: 'open', stale: true, transport: 'x', attempt: 0 });
    replica.subscribe(() => {});
    say();
    receive(snapshot(1, { rows: [] }));
    expect(replica.status.get().stale).toBe(true); // its value is not published yet
    expect(onStale.mock.calls).toEqual([[true]]);
    paint();
    expect(replica.status.get().stale).toBe(false);
    expect(onStale.mock.calls).toEqual([[true], [false]]);
  });

  it('keeps its reference while its content is the same', () => {
    const { replica, status, receive, paint, start, onStale } = setUp();
    start();
    const before = replica.status.get();
    status.set({ ...OPEN });
    receive(delta(2, set(0, 1)));
    paint();
    expect(replica.status.get()).toBe(before);
    expect(onStale).not.toHaveBeenCalled();
  });

  it('is stale with a reason from a doubt until the next state frame', () => {
    const { replica, doubt, receive, paint, start, status } = setUp();
    start();
    doubt({ code: 'forbidden', message: 'denied' });
    expect(replica.status.get()).toMatchObject({
      state: 'open',
      stale: true,
      reason: { code: 'forbidden', message: 'denied' },
    });
    status.set({ ...OPEN, reason: { code: 'lost', message: '' } });
    expect(replica.status.get().reason?.code).toBe('forbidden');
    status.set(OPEN);
    receive(delta(2, set(0, 1)));
    paint();
    expect(replica.status.get()).toMatchObject({ stale: false, reason: undefined });
  });

  it('is stale as soon as the connection says that the link is gone', () => {
    const { replica, start, drop, status } = setUp();
    start();
    drop();
    status.set({ ...OPEN, state: 'waiting' });
    expect(replica.status.get()).toMatchObject({ state: 'waiting', stale: true });
  });

  it('is stale again once the link is gone, also when a paint is still due', () => {
    const { replica, receive, paint, start, drop } = setUp();
    start();
    receive(delta(2, set(0, 1)));
    drop();
    paint();
    expect(replica.get()?.rows[0]).toEqual({ n: 1 });
    expect(replica.status.get().stale).toBe(true);
  });
});

describe('the check of a replica', () => {
  const value = { rows: [{ n: 0 }, { n: 1 }] };
  const check = (at: number, of: unknown = value): StateFrame | CheckFrame => ({
    check: createStateHash().of(of) as string,
    at,
  });
  const checked = () => vi.advanceTimersByTimeAsync(0).then(() => vi.dynamicImportSettled());
  const setUpChecked = () => {
    const all = setUp();
    all.start();
    all.receive(delta(2, set(1, 1)));
    return all;
  };

  it('is ignored before the first value', () => {
    const { replica, receive, say, onChange } = setUp();
    replica.subscribe(() => {});
    say();
    onChange.mockClear();
    receive(check(1));
    receive(check(1));
    expect(onChange).not.toHaveBeenCalled();
  });

  it('accepts equal values, also before they are published', async () => {
    const { receive, replica, onChange } = setUpChecked();
    receive(check(2));
    await checked();
    expect(replica.get()).toEqual(value);
    expect(replica.status.get()).toMatchObject({ stale: false, diverged: undefined });
    expect(onChange).not.toHaveBeenCalled();
  });

  it('fetches a value that differs again, shows the old one until then, and counts', async () => {
    const { receive, replica, onChange, say, paint } = setUpChecked();
    receive(check(2, { rows: [{ n: 0 }, { n: 2 }] }));
    await checked();
    expect(replica.get()).toEqual(value);
    expect(replica.status.get()).toMatchObject({ stale: true, diverged: 1 });
    expect(onChange).toHaveBeenCalledOnce();
    expect(say()).toEqual({ topic: 'board', diverged: 1 });
    receive(snapshot(2, { rows: [] }));
    paint();
    expect(replica.get()).toEqual({ rows: [] });
    expect(replica.status.get()).toMatchObject({ stale: false, diverged: 1 });
  });

  it('asks again from its position after two checks in a row of other versions', async () => {
    const { receive, onChange, say } = setUpChecked();
    receive(check(3));
    receive(check(2));
    receive(check(1));
    await checked();
    expect(onChange).not.toHaveBeenCalled();
    receive(check(3));
    expect(onChange).toHaveBeenCalledOnce();
    expect(say()).toEqual({ topic: 'board', id: 'a', version: 2 });
    receive(check(3));
    receive(check(3));
    expect(onChange).toHaveBeenCalledOnce(); // it waits for the answer
  });

  it('for another version has no effect after a state frame', async () => {
    const { receive, onChange } = setUpChecked();
    receive(check(3));
    receive(delta(3, set(1, 2)));
    receive(check(4));
    await checked();
    expect(onChange).not.toHaveBeenCalled();
  });
});
