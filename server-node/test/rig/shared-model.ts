import fc from 'fast-check';
import { expect } from 'vitest';
import { isVeloxError } from '@velox/core/protocol';
import { createRandom } from '../../src/testing/random.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';
import { ModelEngine, type EngineBugs } from './model-log.js';
import { HoppingClient, SharedNode, TOPIC } from './shared-nodes.js';

/** One event of a schedule. */
type Step =
  | { readonly do: 'update'; readonly node: number; readonly count: number; readonly timeout: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'hop'; readonly node: number; readonly client: number }
  | { readonly do: 'lose replies'; readonly node: number; readonly count: number }
  | { readonly do: 'lose hints'; readonly node: number; readonly count: number }
  | { readonly do: 'cut'; readonly node: number; readonly ms: number }
  | { readonly do: 'restart' }
  | { readonly do: 'wipe' }
  | { readonly do: 'overtake'; readonly node: number; readonly other: number; readonly count: number }
  | { readonly do: 'lose tail'; readonly count: number }
  | { readonly do: 'kill'; readonly node: number };

const NODES = 3;
const node = fc.nat(NODES - 1);

const update = fc.record({
  do: fc.constant('update' as const),
  node,
  count: fc.integer({ min: 1, max: 4 }),
  timeout: fc.constantFrom(10_000, 10_000, 300, 5),
});
const harmless: fc.Arbitrary<Step>[] = [
  update,
  update,
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 3, 10, 50, 700, 3_000) }),
  fc.record({ do: fc.constant('hop' as const), node, client: fc.nat(2) }),
  fc.record({ do: fc.constant('lose replies' as const), node, count: fc.nat(3) }),
  fc.record({ do: fc.constant('lose hints' as const), node, count: fc.nat(3) }),
  fc.record({ do: fc.constant('cut' as const), node, ms: fc.constantFrom(5, 200, 4_000) }),
  fc.record({ do: fc.constant('restart' as const) }),
];
const kill: fc.Arbitrary<Step> = fc.record({ do: fc.constant('kill' as const), node });
const losses: fc.Arbitrary<Step>[] = [
  fc.record({ do: fc.constant('lose tail' as const), count: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constant('wipe' as const) }),
  fc.record({
    do: fc.constant('overtake' as const),
    node,
    other: node,
    count: fc.integer({ min: 1, max: 3 }),
  }),
];

/** A schedule of updates and faults, and what decides everything random in it. */
export interface Schedule {
  readonly steps: readonly Step[];
  readonly seed: number;
}

const schedule = (...steps: fc.Arbitrary<Step>[]): fc.Arbitrary<Schedule> =>
  fc.record({ steps: fc.array(fc.oneof(...steps), { maxLength: 40, size: 'max' }), seed: fc.nat() });

/** Schedules in which the engine keeps all that it has acknowledged. */
export const withoutLosses: fc.Arbitrary<Schedule> = schedule(...harmless, kill);

/** Schedules in which the engine loses revisions, and all nodes live on. */
export const withLosses: fc.Arbitrary<Schedule> = schedule(...harmless, ...losses);

type Outcome = 'pending' | 'acknowledged' | 'in-doubt' | 'unavailable';

/** Three nodes, three clients that hop between them, and one engine, on virtual time. */
class Model {
  readonly time: VirtualTime;
  readonly engine: ModelEngine;
  readonly nodes: SharedNode[];
  readonly clients = Array.from({ length: 3 }, () => new HoppingClient());
  readonly outcomes = new Map<string, Outcome>();
  readonly killed: SharedNode[] = [];
  /** By epoch and version: the value, which is the same on every node. */
  readonly seen = new Map<string, string>();
  readonly #isForkPossible: boolean;

  constructor(time: VirtualTime, isForkPossible: boolean, bugs: EngineBugs) {
    this.time = time;
    this.engine = new ModelEngine(bugs);
    this.#isForkPossible = isForkPossible;
    this.nodes = Array.from({ length: NODES }, () => this.#start());
  }

  #start(): SharedNode {
    const started = new SharedNode(this.engine, { keep: 3, snapshotEvery: 7 });
    const { value } = started.shared;
    let last = value.position();
    const onRevision = (): void => {
      const position = value.position();
      if (position.id === last.id) expect(position.version).toBeGreaterThanOrEqual(last.version);
      last = position;
      const key = `${position.id} ${position.version}`;
      const text = value.text();
      if (!this.#isForkPossible) expect(this.seen.get(key) ?? text).toBe(text);
      this.seen.set(key, text);
    };
    value.listen({ onRevision });
    return started;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#perform(step);
    for (const { client } of this.nodes)
      Object.assign(client.faults, { isDown: false, lostReplies: 0, lostHints: 0 });
    await this.time.advance(30_000);
    for (const client of this.clients) for (const each of this.nodes) client.visit(each);
  }

  async #perform(step: Step): Promise<void> {
    const { nodes, engine, time } = this;
    if (step.do === 'wait') return time.advance(step.ms);
    if (step.do === 'restart') return engine.restart();
    if (step.do === 'wipe') return engine.wipe();
    if (step.do === 'lose tail') return void engine.loseTail(TOPIC, step.count);
    const at = nodes[step.node] as SharedNode;
    if (step.do === 'overtake') return this.#overtake(at, nodes[step.other] as SharedNode, step.count);
    if (step.do === 'update') {
      for (let n = 0; n < step.count; n++) this.#update(at, step.timeout);
    } else if (step.do === 'hop') {
      // With forks, a client of the lost branch may differ until the topic is renewed.
      if (!this.#isForkPossible) this.clients[step.client]?.visit(at);
    } else if (step.do === 'lose replies') at.client.faults.lostReplies += step.count;
    else if (step.do === 'lose hints') at.client.faults.lostHints += step.count;
    else if (step.do === 'cut') {
      at.client.faults.isDown = true;
      time.schedule(step.ms, () => (at.client.faults.isDown = false));
    } else {
      at.kill();
      this.killed.push(at);
      nodes[step.node] = this.#start();
    }
  }

  /** The engine loses what a node appends, and another one appends as much before the first can heal it. */
  async #overtake(at: SharedNode, other: SharedNode, count: number): Promise<void> {
    if (at === other) return;
    other.client.faults.isDown = true;
    for (let n = 0; n < count; n++) {
      this.#update(at, 10_000);
      await this.time.advance(30);
    }
    this.engine.loseTail(TOPIC, count);
    other.client.faults.isDown = false;
    for (let n = 0; n < count; n++) {
      this.#update(other, 10_000);
      await this.time.advance(9);
    }
  }

  #update(at: SharedNode, ms: number): void {
    const mark = `m${this.outcomes.size}`;
    this.outcomes.set(mark, 'pending');
    const settle = (outcome: Outcome): void => void this.outcomes.set(mark, outcome);
    at.mark(mark, ms).then(
      () => settle('acknowledged'),
      (error: unknown) => {
        if (isVeloxError(error, 'in-doubt')) settle('in-doubt');
        else if (isVeloxError(error, 'unavailable') || isVeloxError(error, 'closed')) settle('unavailable');
        else throw error;
      },
    );
  }

  /** The final value, which all nodes have. */
  check(): { readonly marks: readonly string[] } {
    const [first] = this.nodes as [SharedNode];
    const final = first.shared.get();
    expect(final.count).toBe(final.marks.length);
    expect(new Set(final.marks).size).toBe(final.marks.length);
    for (const { shared } of this.nodes) {
      expect(shared.value.stale).toBeUndefined();
      expect(shared.value.place).toEqual(first.shared.value.place);
      expect(shared.get()).toEqual(final);
    }
    for (const client of this.clients) expect(client.value).toEqual(final);
    return final;
  }
}

/** Runs a schedule without losses. Throws unless every acknowledged update is in the value of every node and client exactly once. */
export async function endure(given: Schedule, bugs: EngineBugs = {}): Promise<void> {
  const { model, marks } = await simulate(given, false, bugs);
  for (const [mark, outcome] of model.outcomes) {
    const isThere = marks.includes(mark);
    if (outcome === 'acknowledged') expect([mark, isThere]).toEqual([mark, true]);
    if (outcome === 'unavailable') expect([mark, isThere]).toEqual([mark, false]);
    expect(outcome).not.toBe('pending');
  }
}

/** Runs a schedule with losses. Throws unless all nodes and clients end equal, and losses are healed or reported. */
export async function endureLosses(given: Schedule, bugs: EngineBugs = {}): Promise<void> {
  const { model, marks } = await simulate(given, true, bugs);
  const missing = [...model.outcomes].filter(
    ([mark, outcome]) => outcome === 'acknowledged' && !marks.includes(mark),
  );
  if (missing.length > 0) expect(model.nodes.some((each) => each.hasReportedLoss)).toBe(true);
  for (const [mark, outcome] of model.outcomes) {
    if (outcome === 'unavailable') expect(marks).not.toContain(mark);
    expect(outcome).not.toBe('pending');
  }
}

async function simulate(
  { steps, seed }: Schedule,
  isForkPossible: boolean,
  bugs: EngineBugs,
): Promise<{ model: Model; marks: readonly string[] }> {
  const time = new VirtualTime();
  const restore = time.install(createRandom(seed).next);
  try {
    const model = new Model(time, isForkPossible, bugs);
    await model.run(steps);
    return { model, marks: model.check().marks };
  } finally {
    restore();
  }
}
