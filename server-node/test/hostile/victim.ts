/** The process that is attacked: a hub of a scenario on a free port. Its parent asks for measurements. */
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import zlib from 'node:zlib';
import * as velox from '../../src/index.js';
import { CALLBACKS, MISBEHAVIOURS, misbehaving } from './misbehaviours.js';

export interface Measured {
  /** Bytes outside and inside of the heap, after a collection. */
  readonly memory: number;
  readonly resident: number;
  /** User and system time so far, in ms. */
  readonly cpu: number;
  /** How many texts of 256 KiB or more were compressed so far: on the loop, and off it. */
  readonly compressed: { readonly onLoop: number; readonly offLoop: number };
  /** The number of the newest revision. */
  readonly version: number;
  readonly stats: velox.HubStats;
}

const compressed = { onLoop: 0, offLoop: 0 };
const { deflateRaw, deflateRawSync } = zlib;
const isLarge = (data: zlib.InputType): boolean => (data as Buffer).length >= 256 * 1024;
zlib.deflateRaw = ((data: zlib.InputType, ...rest: [zlib.ZlibOptions, zlib.CompressCallback]) => {
  if (isLarge(data)) compressed.offLoop++;
  return deflateRaw(data, ...rest);
}) as typeof deflateRaw;
zlib.deflateRawSync = (data, options) => {
  if (isLarge(data)) compressed.onLoop++;
  return deflateRawSync(data, options);
};
syncBuiltinESMExports();

const never = (): Promise<never> => new Promise(() => undefined);

/** Hubs by scenario. */
const SCENARIOS: Record<string, () => velox.Hub> = {
  /** Clients need no authorization. */
  open: () => velox.createHub(),
  /** All clients are authorized at the next tick. */
  authorizing: () => velox.createHub({ authorize: () => Promise.resolve({ user: 'x' }) }),
  /** No client is ever authorized. */
  stuck: () => velox.createHub({ authorize: never, limits: { handshake: 120_000 } }),
  /** There is room for ten sessions. */
  small: () => velox.createHub({ limits: { sessions: 10 } }),
  /** Rights of each topic are asked for. */
  asking: () =>
    velox.createHub({
      authorize: () => ({}),
      canSubscribe: (_, topic) => Promise.resolve(topic !== 'secret'),
    }),
};

const scenario = process.argv[2] ?? 'open';
const hub = SCENARIOS[scenario]?.() ?? velox.createHub();
hub.on('echo', (session, data) => session.emit('echo', data));
const empty: { n: number; rows: Record<string, string> } = { n: 0, rows: {} };
const board = hub.state('', empty);
if (scenario === 'history') {
  for (let n = 0; n < 1_000; n++) {
    board.update((draft) => void (draft.rows[`${n}`] = 'x'.repeat(900)));
    board.position();
  }
}
if (scenario === 'large') {
  const row = (n: number): string =>
    `item ${n} costs ${(n * 7_919) % 10_007} and has the id ${(n * 2_654_435_761) % 2 ** 32}`;
  board.update((draft) => {
    for (let n = 0; n < 65_000; n++) draft.rows[`${n}`] = row(n);
  });
}
setInterval(() => board.update((draft) => void draft.n++), 100).unref();

/** One hub for each callback and misbehaviour, beside the one that serves the neighbours. */
const cells = new Map<string, velox.Hub>();
if (scenario === 'callbacks') {
  for (const callback of CALLBACKS)
    for (const misbehaviour of Object.keys(MISBEHAVIOURS)) {
      const cell = misbehaving(callback, misbehaviour);
      cells.set(`/${callback}/${misbehaviour}`, cell);
    }
}

const server = createServer((request, response) => {
  const path = decodeURIComponent(request.url?.split('?')[0] ?? '/');
  void (cells.get(path) ?? hub).handle(request, response);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ origin: `http://127.0.0.1:${port}` });
});

process.on('message', () => {
  global.gc?.();
  setTimeout(() => {
    global.gc?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const measured: Measured = {
      memory: heapUsed + external,
      resident: rss,
      cpu: (user + system) / 1_000,
      compressed: { ...compressed },
      version: board.position().version,
      stats: hub.stats(),
    };
    process.send?.(measured);
  }, 50);
});
process.on('disconnect', () => process.exit());
