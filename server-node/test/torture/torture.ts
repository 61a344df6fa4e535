import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleTest } from '../../../scripts/bundle-simulation.mjs';
import { NodeProcess } from '../rig/node-process.js';
import { connectCrowd, type Client } from './crowd.js';
import { startEngine, type Harm } from './engines.js';
import { createTopics, readLog, type Final } from './final.js';
import type { EngineSetup, Order, Report as NodeReport, TortureNode } from './orders.js';
import { RoundRobin } from './round-robin.js';
import { Writers, type Outcomes } from './writers.js';

/** How large a run is. */
export interface Plan {
  readonly engine: EngineSetup['kind'];
  readonly nodes: number;
  readonly writers: number;
  readonly topics: number;
  readonly updates: number;
  readonly clients: number;
  /** The harm to the engine in the middle. */
  readonly harm: Harm;
  /** Whether writers pause during the harm, and all nodes have received everything before. Default false. */
  readonly isQuiet?: boolean;
}

/** The result of a run. */
export interface Report {
  readonly acknowledged: number;
  /** Acknowledged, and not in the final value. */
  readonly lost: readonly string[];
  /** Lost, and no node has reported it. */
  readonly unreported: readonly string[];
  /** Revisions that nodes have appended again. */
  readonly healed: number;
  /** More than once in the final value. */
  readonly doubled: readonly string[];
  /** Refused for sure, and in the final value all the same. */
  readonly undead: readonly string[];
  readonly inDoubt: number;
  /** Topics with a new epoch. */
  readonly renewed: number;
  /** Topics whose versions have a hole. */
  readonly holes: readonly string[];
  /** Clients that end with another value than the log. */
  readonly different: readonly string[];
  /** How often a client came back to a topic. */
  readonly resumed: number;
  /** The part of them that received steps, and not a whole value. */
  readonly deltas: number;
}

/** Runs servers in processes of their own, kills one in the middle, and compares what everybody ends with. */
export async function torture(plan: Plan): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'velox-torture-'));
  const engine = await startEngine(plan.engine, plan.harm, folder);
  const { setup } = engine;
  const topics = Array.from({ length: plan.topics }, (_, n) => `topic ${n}`);
  const places = await createTopics(setup, topics);
  const bundle = await bundleTest('server-node/test/torture/node.ts');
  const start = (): Promise<TortureNode> =>
    NodeProcess.start<Order, NodeReport>(bundle, { engine: setup, topics });
  const nodes = await Promise.all(Array.from({ length: plan.nodes }, start));
  await using proxy = await RoundRobin.start();
  const usePorts = (): void =>
    void (proxy.ports = nodes.filter((each) => each.isAlive).map(({ port }) => port));
  usePorts();
  const clients = connectCrowd(proxy.origin, plan.clients, topics);
  try {
    await until(() => clients.every(isLoaded), 60_000);
    const first = clients.reduce((sum, { snapshots }) => sum + snapshots, 0);
    const cutting = setInterval(() => proxy.cut(0.1), 300);
    const writers = new Writers(nodes, topics);
    const outcomes = await writers.run(plan.writers, plan.updates, async (done) => {
      if (done === Math.floor(plan.updates * 0.5)) proxy.cut(1);
      if (done === Math.floor(plan.updates * 0.3)) {
        await nodes[0]?.kill();
        usePorts();
        nodes[0] = await start();
        usePorts();
      }
      if (done === Math.floor(plan.updates * 0.6)) {
        await engine.prepareHarm?.();
        if (!plan.isQuiet) return engine.harm?.();
        const goOn = await writers.pause();
        await until(() => areEqual(nodes), 30_000);
        await engine.harm?.();
        goOn();
      }
    });
    clearInterval(cutting);
    const final = await readLog(setup, places);
    const isEqual = (client: Client): boolean =>
      [...client.replicas].every(
        ([topic, replica]) => JSON.stringify(replica.get()) === JSON.stringify(final.values.get(topic)),
      );
    await until(() => clients.every(isEqual), 30_000).catch(() => undefined);
    return report(outcomes, final, nodes, clients, isEqual, first);
  } finally {
    for (const { sync } of clients) sync.close();
    await Promise.all(nodes.map((node) => node.kill()));
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
    rmSync(join(bundle, '..'), { recursive: true, force: true });
  }
}

function report(
  outcomes: Outcomes,
  { values, holes, renewed }: Final,
  nodes: readonly TortureNode[],
  clients: readonly Client[],
  isEqual: (client: Client) => boolean,
  first: number,
): Report {
  const times = (mark: string, topic: string): number =>
    values.get(topic)?.marks.filter((each) => each === mark).length ?? 0;
  const marks = [...outcomes].map(([mark, { topic, outcome }]) => ({
    mark,
    outcome,
    count: times(mark, topic),
  }));
  const names = (which: (each: (typeof marks)[number]) => boolean): string[] =>
    marks.filter(which).map(({ mark }) => mark);
  const resumed = clients.reduce(
    (sum, { links, replicas }) => sum + Math.max(0, links - 1) * replicas.size,
    0,
  );
  const snapshots = clients.reduce((sum, client) => sum + client.snapshots, 0) - first;
  const lost = names(({ outcome, count }) => outcome === 'ok' && count === 0);
  const reports = nodes.flatMap((node) => node.reports);
  const reported = new Set(reports.flatMap((each) => ('lost' in each ? each.lost : [])));
  return {
    unreported: lost.filter((mark) => !reported.has(mark)),
    healed: reports.reduce((sum, each) => sum + ('healed' in each ? each.healed : 0), 0),
    acknowledged: names(({ outcome }) => outcome === 'ok').length,
    lost,
    doubled: names(({ count }) => count > 1),
    undead: names(({ outcome, count }) => outcome === 'unavailable' && count > 0),
    inDoubt: names(({ outcome }) => outcome === 'in-doubt' || outcome === 'dead').length,
    holes,
    renewed,
    resumed,
    different: clients.flatMap((client, n) => (isEqual(client) ? [] : [`client ${n}`])),
    deltas: resumed === 0 ? 1 : 1 - snapshots / resumed,
  };
}

function isLoaded({ replicas }: Client): boolean {
  return [...replicas.values()].every((replica) => replica.get() !== undefined);
}

/** Whether all nodes are at the same positions. */
async function areEqual(nodes: readonly TortureNode[]): Promise<boolean> {
  return new Set(await Promise.all(nodes.map((node) => node.ask({ ask: 'positions' })))).size === 1;
}

async function until(holds: () => boolean | Promise<boolean>, ms: number): Promise<void> {
  const ends = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > ends) throw new Error('it takes too long');
    await sleep(50);
  }
}
