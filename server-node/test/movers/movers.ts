import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, polling, sse, websocket, type Sync } from '@velox/core';
import { WebSocket } from 'ws';
import { bundleTest } from '../../../scripts/bundle-simulation.mjs';
import { startEngine } from '../torture/engines.js';
import type { EngineSetup } from '../torture/orders.js';
import { RoundRobin } from '../torture/round-robin.js';
import type { MoverAnswer, MoverOrder, MoverSetup } from './orders.js';

/** How many clients open their links at the same time: a busy machine would let too many of them give up. */
const AT_A_TIME = 50;
/** How long all clients may take to get an event, in ms, on a busy machine. */
const PATIENCE_MS = 60_000;

/** The deed. */
export interface MoversPlan {
  readonly engine: EngineSetup['kind'];
  readonly nodes: number;
  readonly clients: number;
  /** The transports of the clients, in turn. */
  readonly transports: readonly ('websocket' | 'sse' | 'polling')[];
  /** Events that each client sends, and casts to all of them. */
  readonly events: number;
  /** How often a part of the connections is cut. */
  readonly cuts: number;
}

/** The events that were lost or came twice. A client that was told of a new session counts only in `lostUp`, of which there is no excuse. */
export interface MoversReport {
  /** Events of clients that no handler got, and those that several calls of handlers got. */
  readonly lostUp: readonly string[];
  readonly doubledUp: readonly string[];
  /** Events and casts to clients. */
  readonly lostDown: readonly string[];
  readonly doubledDown: readonly string[];
  /** How many sessions moved, and how many clients got a new session. */
  readonly moved: number;
  readonly strangers: number;
  readonly sessions: number;
  /** The longest time for which a process did nothing else, in ms. */
  readonly longestLag: number;
  /** The same of the process of the clients. */
  readonly clientLag: number;
}

interface Client {
  readonly sync: Sync;
  readonly got: string[];
  strangers: number;
}

const FACTORIES = { websocket: () => websocket(WebSocket), sse: () => sse(), polling: () => polling() };

/** Lets clients send and receive behind a proxy without sticky sessions, whose connections are cut. No node dies. */
export async function move(plan: MoversPlan): Promise<MoversReport> {
  const folder = await mkdtemp(join(tmpdir(), 'velox-movers-'));
  await using engine = await startEngine(plan.engine, 'none', folder);
  const bundle = await bundleTest('server-node/test/movers/node.ts');
  const nodes = await Promise.all(Array.from({ length: plan.nodes }, () => start(bundle, engine.setup)));
  await using proxy = await RoundRobin.start();
  proxy.ports = nodes.map(({ port }) => port);
  const delays = monitorEventLoopDelay();
  delays.enable();
  const clients: Client[] = [];
  const hasBegun = ({ got }: Client, n: number): boolean => got.includes(`${n}:first`);
  try {
    while (clients.length < plan.clients) {
      const count = Math.min(AT_A_TIME, plan.clients - clients.length);
      for (let n = 0; n < count; n++) clients.push(client(proxy.origin, clients.length, plan));
      // A room is joined when its call is answered; the first echo comes after that.
      await until(() => clients.every(hasBegun), PATIENCE_MS).catch(async (cause: unknown) => {
        const late = await explain(clients, nodes, hasBegun);
        const lag = Math.round(delays.max / 1e6);
        throw new Error(
          `${late.length} of ${clients.length} wait, after ${lag} ms without a turn: ${JSON.stringify(late.slice(0, 3))}`,
          { cause },
        );
      });
    }
    for (let n = 0; n < plan.events; n++) {
      clients.forEach(({ sync }, c) => sync.emit('up', `${c}:${n}`));
      const order: MoverOrder = { cast: n };
      nodes[n % nodes.length]?.child.send(order);
      await delay(20); // events and casts are under way
      if (n % Math.ceil(plan.events / plan.cuts) === 1) proxy.cut(0.3);
      const hasBoth = ({ got }: Client, c: number): boolean =>
        got.includes(`cast ${n}`) && got.includes(`${c}:${n}`);
      await until(() => clients.every(hasBoth), PATIENCE_MS).catch(() => undefined); // the report tells
    }
    const wanted = (c: number): string[] => [
      `${c}:first`,
      ...Array.from({ length: plan.events }, (_, n) => [`${c}:${n}`, `cast ${n}`]).flat(),
    ];
    const all = clients.map((_, c) => wanted(c));
    await delay(2_000); // repetitions would come late
    const reports = await Promise.all(nodes.map(({ child }) => reportOf(child)));
    const up = reports.flatMap(({ received }) => received);
    const sent = all.flat().filter((each) => !each.startsWith('cast'));
    return {
      lostUp: missing(sent, up),
      doubledUp: doubled(up).filter((each) => !clients[Number(each.split(':')[0])]?.strangers),
      lostDown: clients.flatMap(({ got, strangers }, c) =>
        strangers ? [] : missing(all[c] ?? [], got).map((each) => `${c} ${each}`),
      ),
      doubledDown: clients.flatMap(({ got, strangers }, c) =>
        strangers ? [] : doubled(got).map((each) => `${c} ${each}`),
      ),
      moved: reports.reduce((sum, { moved }) => sum + moved, 0),
      strangers: clients.reduce((sum, { strangers }) => sum + strangers, 0),
      sessions: reports.flatMap(({ sessions }) => sessions).length,
      longestLag: Math.max(...reports.map(({ lag }) => lag)),
      clientLag: Math.round(delays.max / 1e6),
    };
  } finally {
    for (const { sync } of clients) sync.close();
    for (const { child } of nodes) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    await rm(join(bundle, '..'), { recursive: true, force: true });
  }
}

interface Node {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(bundle: string, setup: MoverSetup): Promise<Node> {
  const child = fork(bundle, [JSON.stringify(setup)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [answer] = (await once(child, 'message')) as [{ port: number }];
  return { child, port: answer.port };
}

function client(origin: string, n: number, { transports }: MoversPlan): Client {
  const kind = transports[n % transports.length] as keyof typeof FACTORIES;
  const retry = { delay: () => 50 + Math.random() * 500 };
  // A client drops what it could not send for too long, and a busy machine lets it wait.
  const events = { age: 10 * PATIENCE_MS };
  const sync = connect(`${origin}/?client=${n}`, { transports: [FACTORIES[kind]()], retry, events });
  const made: Client = { sync, got: [], strangers: 0 };
  sync.on('down', (data) => made.got.push(String(data)));
  sync.on('cast', (data) => made.got.push(`cast ${String(data)}`));
  sync.onReconnect(({ recovered }) => void (made.strangers += recovered ? 0 : 1));
  sync.join('all');
  sync.emit('up', `${n}:first`);
  return made;
}

/** Says of each client that waits how it and the nodes see it. */
async function explain(
  clients: readonly Client[],
  nodes: readonly Node[],
  isDone: (client: Client, n: number) => boolean,
): Promise<object[]> {
  const reports = await Promise.all(nodes.map(({ child }) => reportOf(child)));
  return clients.flatMap((client, n) => {
    if (isDone(client, n)) return [];
    const seen = reports.map(({ received, sessions, lag, moved }) => ({
      ...{ lag, moved },
      received: received.filter((each) => each.startsWith(`${n}:`)),
      sessions: sessions.filter(({ context }) => context === `${n}`),
    }));
    return [{ n, status: client.sync.status.get(), strangers: client.strangers, got: client.got, seen }];
  });
}

async function reportOf(child: ChildProcess): Promise<Extract<MoverAnswer, { received: unknown }>> {
  const order: MoverOrder = { report: true };
  child.send(order);
  const [answer] = (await once(child, 'message')) as [Extract<MoverAnswer, { received: unknown }>];
  return answer;
}

async function until(isDone: () => boolean, ms: number): Promise<void> {
  for (const end = performance.now() + ms; !isDone();) {
    if (performance.now() > end) throw new Error('it took too long');
    await delay(50);
  }
}

function missing(wanted: readonly string[], got: readonly string[]): string[] {
  const set = new Set(got);
  return wanted.filter((each) => !set.has(each));
}

function doubled(got: readonly string[]): string[] {
  const seen = new Set<string>();
  return got.filter((each) => seen.has(each) || !seen.add(each));
}
