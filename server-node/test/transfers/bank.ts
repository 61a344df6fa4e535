import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleTest } from '../../../scripts/bundle-simulation.mjs';
import { connect, polling, sse, websocket, type Replica, type Sync } from '@velox/core';
import { WebSocket } from 'ws';
import { NodeProcess } from '../rig/node-process.js';
import { startPostgres } from '../rig/postgres.js';
import { RoundRobin } from '../torture/round-robin.js';
import { Auditor, openBooks } from './books.js';
import { newLedger, TOPIC, type BankNode, type Ledger, type Transfer } from './orders.js';

/** How large a run is. */
export interface Plan {
  readonly nodes: number;
  readonly writers: number;
  readonly accounts: number;
  readonly transfers: number;
  readonly clients: number;
  /** Transfers from one SIGKILL to the next: of a node and of PostgreSQL in turn. */
  readonly killEvery: number;
}

/** The result of a run. */
export interface Report {
  /** How often each outcome was reported. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Comparisons of rows and topic. */
  readonly audits: number;
  /** Comparisons that have found a difference. */
  readonly differences: readonly string[];
  /** Transfers that were reported as committed and are not there, or the other way round. */
  readonly wrong: readonly string[];
  /** Values with more or less money than there is, as a client has shown them. */
  readonly unsound: readonly string[];
  /** Clients that end with another value than the rows. */
  readonly different: readonly string[];
  readonly kills: number;
}

/** Moves money on several servers, kills them and PostgreSQL, and compares rows, topic and clients. */
export async function bank(plan: Plan): Promise<Report> {
  // A killed process loses nothing that the system has, written to the disk or not.
  const database = await startPostgres('fsync=off');
  await openBooks(database.port, plan.accounts);
  const bundle = await bundleTest('server-node/test/transfers/node.ts');
  const setup = { port: database.port, accounts: plan.accounts };
  const start = (): Promise<BankNode> => NodeProcess.start<Transfer>(bundle, setup);
  const nodes = await Promise.all(Array.from({ length: plan.nodes }, start));
  await using proxy = await RoundRobin.start();
  const usePorts = (): void =>
    void (proxy.ports = nodes.filter(({ isAlive }) => isAlive).map(({ port }) => port));
  usePorts();
  const auditor = new Auditor(database.port);
  const unsound: string[] = [];
  const clients = connectClients(proxy.origin, plan, (text) => unsound.push(text));
  let kills = 0;
  const kill = async (): Promise<void> => {
    if (kills++ % 2 === 1) return database.restart();
    const at = Math.floor(Math.random() * nodes.length);
    await nodes[at]?.kill();
    usePorts();
    nodes[at] = await start();
    usePorts();
  };
  try {
    const found = await move(plan, nodes, auditor, kill);
    const { rows } = await persist(() => auditor.audit());
    const isEqual = ({ replica }: Client): boolean => JSON.stringify(replica.get()) === JSON.stringify(rows);
    for (const ends = Date.now() + 30_000; !clients.every(isEqual) && Date.now() < ends;) await sleep(50);
    const different = clients.flatMap((client, n) => (isEqual(client) ? [] : [`client ${n}`]));
    return { ...found, unsound, different, kills };
  } finally {
    for (const { sync } of clients) sync.close();
    await auditor.close();
    await Promise.all(nodes.map((node) => node.kill()));
    await database[Symbol.asyncDispose]();
    rmSync(join(bundle, '..'), { recursive: true, force: true });
  }
}

interface Client {
  readonly sync: Sync;
  readonly replica: Replica<Ledger>;
}

function connectClients(
  origin: string,
  { clients, accounts }: Plan,
  onUnsound: (text: string) => void,
): Client[] {
  const money = sumOf(newLedger(accounts));
  return Array.from({ length: clients }, (_, n) => {
    const transports = [[websocket(WebSocket)], [sse()], [polling()]][n % 3] as [];
    const retry = { delay: () => 50 + Math.random() * 200 };
    const sync = connect(`${origin}/?client=${n}`, { transports, retry });
    const replica = sync.replica<Ledger>(TOPIC);
    replica.subscribe(() => {
      const value = replica.get();
      if (value && sumOf(value) !== money) onUnsound(`client ${n}: ${JSON.stringify(value)}`);
    });
    return { sync, replica };
  });
}

const sumOf = ({ balances }: Ledger): number => balances.reduce((sum, each) => sum + each, 0);

/** Makes all transfers, and compares rows and topic after each. */
async function move(
  { writers, accounts, transfers, killEvery }: Plan,
  nodes: readonly BankNode[],
  auditor: Auditor,
  kill: () => Promise<void>,
): Promise<Pick<Report, 'outcomes' | 'audits' | 'differences' | 'wrong'>> {
  const results = new Map<string, string>();
  const differences: string[] = [];
  const harm: Promise<void>[] = [];
  const random = (below: number): number => Math.floor(Math.random() * below);
  let begun = 0;
  let audits = 0;
  const write = async (): Promise<void> => {
    while (begun < transfers) {
      const id = `t${begun++}`;
      if (begun % killEvery === 0) harm.push(kill());
      const from = random(accounts);
      const to = (from + 1 + random(accounts - 1)) % accounts;
      const living = nodes.filter(({ isAlive }) => isAlive);
      const order = { id, from, to, amount: random(50), isRefused: Math.random() < 0.3 };
      results.set(id, await (living[random(living.length)] as BankNode).ask(order));
      const { rows, topic } = await persist(() => auditor.audit());
      audits++;
      if (JSON.stringify(rows) !== JSON.stringify(topic))
        differences.push(`after ${id}: ${JSON.stringify({ rows, topic })}`);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  await Promise.all(harm);
  const committed = await persist(() => auditor.transfers());
  const isWrong = ([id, outcome]: readonly [string, string]): boolean =>
    (outcome === 'committed' && !committed.has(id)) || (outcome === 'rolled back' && committed.has(id));
  const outcomes: Record<string, number> = {};
  for (const outcome of results.values()) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const wrong = [...results].filter(isWrong).map(([id, outcome]) => `${id} ${outcome}`);
  return { outcomes, audits, differences, wrong };
}

/** Repeats a question while PostgreSQL is away. */
async function persist<T>(ask: () => Promise<T>): Promise<T> {
  for (const ends = Date.now() + 60_000; ;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > ends) throw error;
      await sleep(50);
    }
  }
}
