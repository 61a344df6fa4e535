/** Optimistic calls of real clients: each shown value is optimistic or confirmed, in any course of calls and links, whatever holds the value. */
import { optimistic } from '@velox/core/optimistic';
import fc from 'fast-check';
import { applyPatches, enablePatches, type Patch } from 'immer';
import { expect, it } from 'vitest';
import { memory } from '../src/backplanes/memory/index.js';
import { CallError, type DeepReadonly } from '../src/index.js';
import { createTestSync, type TestSync } from '../src/testing/index.js';
import { numRuns, timeout } from './rig/documents.js';

enablePatches();

interface Board {
  rows: string[];
  pad: string;
}
interface App {
  topics: { board: Board; [row: `boards/${string}`]: Board };
  calls: { add: [Work, null] };
}
/** How the server performs a call: it waits, adds the row or not, waits, and replies or fails. Times in ms. */
interface Work {
  readonly row: string;
  readonly before: number;
  readonly after: number;
  readonly outcome: 'added' | 'refused' | 'nothing';
}

const wait = (): fc.Arbitrary<number> => fc.constantFrom(0, 0, 1, 20, 150, 700);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('call' as const),
      client: fc.nat(1),
      before: wait(),
      after: wait(),
      outcome: fc.constantFrom<Work['outcome']>('added', 'added', 'added', 'refused', 'nothing'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('write' as const) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('drop' as const), client: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('renew' as const), client: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({ is: fc.constant('pass' as const), ms: fc.constantFrom(1, 5, 30, 300, 2_000) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Follows the screen of one client. */
class Screen {
  /** How often each row has come or gone. */
  readonly changes = new Map<string, number>();
  readonly faults: string[] = [];
  /** The value that the patches of the replica lead to. */
  mirror: Board | undefined;
  #rows: readonly string[] = [];

  show(board: Board | undefined): void {
    const rows = board?.rows ?? [];
    if (new Set(rows).size < rows.length) this.faults.push(`twice in ${rows.join(' ')}`);
    for (const row of new Set([...rows, ...this.#rows]))
      if (rows.includes(row) !== this.#rows.includes(row))
        this.changes.set(row, (this.changes.get(row) ?? 0) + 1);
    this.#rows = rows;
  }

  patch(patches: Patch[]): void {
    this.mirror = applyPatches(this.mirror ?? ({} as Board), patches);
  }
}

const sleep = (ms: number): Promise<void> | undefined =>
  ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : undefined;

const TRANSPORTS = ['websocket', 'sse', 'polling'] as const;

/** Where the value is kept. */
interface Home {
  readonly topic: 'board' | 'boards/1';
  readonly add: (row: string) => Promise<unknown> | undefined;
  readonly get: () => unknown;
}

type Hub = TestSync<App>['hub'];

const view = { audience: () => 'everyone', view: ({ rows, pad }: DeepReadonly<Board>) => ({ rows, pad }) };
const empty = (): Board => ({ rows: [], pad: 'x'.repeat(300) });

/** A row of a database, which takes so many ms to read. */
function rowOf(hub: Hub, ms: number, isPut: boolean): Home {
  const board = empty();
  const boards = hub.entity('boards', {
    async fetch() {
      const row = structuredClone(board);
      await sleep(ms);
      return row;
    },
  });
  return {
    topic: 'boards/1',
    add(row) {
      board.rows.push(row);
      if (isPut) boards.put('1', structuredClone(board));
      else boards.notify('1');
      return undefined;
    },
    get: () => board,
  };
}

/** The homes of a value, with the least ms between two deliveries. */
const HOMES = {
  local: (hub, throttle) => homeOf(hub.state('board', empty(), { throttle })),
  viewed: (hub, throttle) => homeOf(hub.state('board', empty(), { throttle, ...view })),
  shared: (hub, throttle) => homeOf(hub.shared('board', empty(), { throttle })),
  put: (hub, throttle) => rowOf(hub, throttle, true),
  notified: (hub, throttle) => rowOf(hub, throttle, false),
} satisfies Record<string, (hub: Hub, throttle: number) => Home>;

/** A value of which the clients get all. */
function homeOf(board: { update(recipe: (draft: Board) => void): unknown; get(): unknown }): Home {
  return {
    topic: 'board',
    add(row) {
      const added = board.update((draft) => void draft.rows.push(row));
      return added instanceof Promise ? added : undefined;
    },
    get: () => board.get(),
  };
}

async function play(
  test: TestSync<App>,
  steps: readonly Step[],
  home: Home,
  transport: (typeof TRANSPORTS)[number],
): Promise<void> {
  const { hub } = test;
  hub.answer('add', async (_, data) => {
    const { row, before, after, outcome } = data as Work;
    const waiting = sleep(before);
    if (waiting) await waiting;
    if (outcome === 'refused') throw new CallError('refused', 'not today');
    const adding = outcome === 'added' ? home.add(row) : undefined;
    if (adding) await adding;
    const ending = sleep(after);
    if (ending) await ending;
    return null;
  });
  const clients = [0, 1].map(() => {
    const sync = test.connect({ transport, auth: () => 'token' });
    const replica = sync.replica(home.topic);
    const screen = new Screen();
    replica.subscribePatches((patches) => screen.patch(patches));
    replica.subscribe(() => {
      screen.show(replica.get());
      if (JSON.stringify(screen.mirror) !== JSON.stringify(replica.get()))
        queueMicrotask(() => {
          if (JSON.stringify(screen.mirror) !== JSON.stringify(replica.get()))
            screen.faults.push('the patches lead elsewhere');
        });
    });
    return { sync, replica, screen };
  });
  await test.advance(1_000);
  const outcomes = new Map<string, string>();
  let last = 0;
  for (const one of steps) {
    if (one.is === 'call') {
      const row = `row ${++last}`;
      const { sync, replica } = clients[one.client]!;
      const { before, after, outcome } = one;
      const change = optimistic(replica, (draft) => void draft.rows.push(row));
      sync.call('add', { row, before, after, outcome }, { timeout: 120_000, optimistic: change }).then(
        () => outcomes.set(row, outcome),
        (error: CallError) => outcomes.set(row, error.code),
      );
      expect(replica.get()?.rows).toContain(row);
    } else if (one.is === 'write') void home.add(`row ${++last}`);
    else if (one.is === 'drop') test.inflict({ harm: 'drop' }, one.client);
    else if (one.is === 'renew') void clients[one.client]!.sync.renew();
    else await test.advance(one.ms);
  }
  await test.advance(40_000);
  for (const { replica, screen } of clients) {
    expect(screen.faults).toEqual([]);
    expect(replica.get()).toEqual(home.get());
    for (const [row, count] of screen.changes) {
      const outcome = outcomes.get(row) ?? 'added';
      if (outcome === 'unknown-outcome') continue; // it is taken back, and may come after all
      expect([row, outcome, count]).toEqual([row, outcome, outcome === 'added' ? 1 : 2]);
    }
  }
}

it(
  'shows each row of a call once, without a gap, until it is confirmed or refused',
  { timeout: 5 * timeout },
  async () => {
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 14, size: 'max' }),
      fc.constantFrom(0, 0, 100),
      fc.constantFrom(...TRANSPORTS),
      fc.constantFrom(...Object.values(HOMES)),
      fc.constantFrom(0, 0, 100),
      fc.nat(),
      async (steps, throttle, transport, home, rights, seed) => {
        const test = await createTestSync<App>({
          ...{ seed, latency: 10, backplane: memory() },
          authorize: () => ({ id: 'ann' }),
          canSubscribe: () => (rights ? sleep(rights)!.then(() => true) : true),
        });
        try {
          await play(test, steps, home(test.hub, throttle), transport);
        } finally {
          test.close();
        }
      },
    );
    await fc.assert(property, { numRuns: Math.ceil(numRuns / 10) });
  },
);
