import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apply, type Operation } from '@velox/core/protocol';
import { bundleTest } from '../../../scripts/bundle-simulation.mjs';
import type { Opened, Place } from '../../src/cluster/log.js';
import type { EngineProcess } from '../rig/engine-process.js';
import { startNats } from '../rig/nats-server.js';
import { startPostgres } from '../rig/postgres.js';
import { startRedis } from '../rig/redis.js';
import { backplaneOf } from './backplane-of.js';
import { connectCrowd, type Client } from './crowd.js';
import { NodeProcess } from './node-process.js';
import type { EngineSetup, Marks } from './orders.js';
import { RoundRobin } from './round-robin.js';

/** Long, so that steps are shorter than the value. */
const EMPTY: Marks = { marks: [], count: 0, filler: '-'.repeat(30_000) };

/** How large a run is. */
export interface Plan {
  readonly engine: EngineSetup['kind'];
  readonly nodes: number;
  readonly writers: number;
  readonly topics: number;
  readonly updates: number;
  readonly clients: number;
  /** The harm to the engine in the middle; `cut`: it also loses the end of its file, `forget`: it keeps nothing. */
  readonly harm: 'none' | 'kill' | 'cut' | 'forget';
}

/** The result of a run. */
export interface Report {
  readonly acknowledged: number;
  /** Acknowledged, and not in the final value. */
  readonly lost: readonly string[];
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
  const program = await startEngine(plan);
  const engine: EngineSetup =
    program && plan.engine !== 'sqlite'
      ? { kind: plan.engine, port: program.port }
      : { kind: 'sqlite', file: join(folder, 'log.db'), folder };
  const topics = Array.from({ length: plan.topics }, (_, n) => `topic ${n}`);
  const places = await createTopics(engine, topics);
  const bundle = await bundleTest('server-node/test/torture/node.ts');
  const start = (): Promise<NodeProcess> => NodeProcess.start(bundle, { engine, topics });
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
    const outcomes = await write(plan, nodes, topics, async (done) => {
      if (done === Math.floor(plan.updates * 0.5)) proxy.cut(1);
      if (done === Math.floor(plan.updates * 0.3)) {
        await nodes[0]?.kill();
        usePorts();
        nodes[0] = await start();
        usePorts();
      }
      if (program && plan.harm !== 'none' && done === Math.floor(plan.updates * 0.6)) {
        await program.kill();
        if (plan.harm === 'cut') await cutTail(program.folder);
        await sleep(300);
        await program.start();
      }
    });
    clearInterval(cutting);
    const final = await readLog(engine, places);
    const isEqual = (client: Client): boolean =>
      [...client.replicas].every(
        ([topic, replica]) => JSON.stringify(replica.get()) === JSON.stringify(final.values.get(topic)),
      );
    await until(() => clients.every(isEqual), 30_000).catch(() => undefined);
    return report(outcomes, final, clients, isEqual, first);
  } finally {
    for (const { sync } of clients) sync.close();
    await Promise.all(nodes.map((node) => node.kill()));
    await program?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
    rmSync(join(bundle, '..'), { recursive: true, force: true });
  }
}

async function startEngine({ engine, harm }: Plan): Promise<EngineProcess | undefined> {
  if (engine === 'redis') return startRedis('--appendonly', harm === 'forget' ? 'no' : 'yes');
  if (engine === 'nats') return startNats();
  return engine === 'postgres' ? startPostgres() : undefined;
}

/** Lets writers update random topics on random nodes. Resolves with the outcome of each mark. */
async function write(
  { writers, updates }: Plan,
  nodes: readonly NodeProcess[],
  topics: readonly string[],
  onDone: (count: number) => Promise<void>,
): Promise<ReadonlyMap<string, { readonly topic: string; readonly outcome: string }>> {
  const outcomes = new Map<string, { topic: string; outcome: string }>();
  const harm: Promise<void>[] = [];
  let begun = 0;
  let done = 0;
  const run = async (): Promise<void> => {
    while (begun < updates) {
      const mark = `m${begun++}`;
      const topic = topics[Math.floor(Math.random() * topics.length)] as string;
      const living = nodes.filter(({ isAlive }) => isAlive);
      const node = living[Math.floor(Math.random() * living.length)] as NodeProcess;
      outcomes.set(mark, { topic, outcome: await node.update(topic, mark) });
      harm.push(onDone(++done));
    }
  };
  await Promise.all(Array.from({ length: writers }, run));
  await Promise.all(harm);
  return outcomes;
}

/** Cuts the end off the file of Redis, as a power cut does. */
async function cutTail(folder: string): Promise<void> {
  const logs = join(folder, 'appendonlydir');
  const name = (await readdir(logs)).find((each) => each.endsWith('.incr.aof')) as string;
  const { size } = await stat(join(logs, name));
  await truncate(join(logs, name), Math.max(0, size - 4_000));
}

interface Final {
  /** Topics with another epoch than at first. */
  readonly renewed: number;
  readonly values: ReadonlyMap<string, Marks>;
  readonly holes: readonly string[];
}

/** Creates the topics with one revision each, so that their place is known: Redis keeps no entry of the version before. */
async function createTopics(
  engine: EngineSetup,
  topics: readonly string[],
): Promise<ReadonlyMap<string, Place>> {
  const backplane = await backplaneOf(engine);
  const places = new Map<string, Place>();
  for (const topic of topics) {
    const { snapshot } = await backplane.log.open(topic, JSON.stringify(EMPTY));
    const revision = { tag: randomUUID(), patch: '[{"op":"replace","path":"/count","value":0}]' };
    const appended = await backplane.log.append(topic, snapshot.at, [revision]);
    if (appended.ok) places.set(topic, appended.at);
  }
  await backplane.close();
  return places;
}

/** Reads the log of each topic from its first version on, and applies all of it. */
async function readLog(engine: EngineSetup, places: ReadonlyMap<string, Place>): Promise<Final> {
  const backplane = await backplaneOf(engine);
  const values = new Map<string, Marks>();
  const holes: string[] = [];
  let renewed = 0;
  for (const [topic, place] of places) {
    const opened = await backplane.log.open(topic, 'null');
    if (opened.snapshot.at.id !== place.id) {
      renewed++;
      values.set(topic, valueOf(opened));
      continue;
    }
    const revisions = await backplane.log.read(topic, place);
    let value: unknown = EMPTY;
    let { version, token } = place;
    for (const { at, previous, patch } of Array.isArray(revisions) ? revisions : []) {
      if (at.version !== version + 1 || previous !== token) holes.push(`${topic} at ${at.version}`);
      ({ version, token } = at);
      value = apply(value, JSON.parse(patch) as Operation[]);
    }
    if (!Array.isArray(revisions)) holes.push(`${topic} is ${revisions}`);
    values.set(topic, value as Marks);
  }
  await backplane.close();
  return { values, holes, renewed };
}

function valueOf({ snapshot, revisions }: Opened): Marks {
  const steps = revisions.flatMap(({ patch }) => JSON.parse(patch) as Operation[]);
  return apply(JSON.parse(snapshot.value), steps) as Marks;
}

function report(
  outcomes: ReadonlyMap<string, { readonly topic: string; readonly outcome: string }>,
  { values, holes, renewed }: Final,
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
  return {
    acknowledged: names(({ outcome }) => outcome === 'ok').length,
    lost: names(({ outcome, count }) => outcome === 'ok' && count === 0),
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

async function until(holds: () => boolean, ms: number): Promise<void> {
  const ends = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > ends) throw new Error('it takes too long');
    await sleep(50);
  }
}
