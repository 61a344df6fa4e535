import type { MemoryNetwork } from './memory-network.js';
import type { Path, Purpose } from './memory-path.js';
import { createRandom, type Random } from './random.js';
import { createZone } from './virtual-time.js';

/** Something that goes wrong between one client and the server, or with one of them. Times in ms. */
export type Harm =
  /** All connections break, and both ends are notified. */
  | { readonly harm: 'drop' }
  /** All connections go dead; at most one end is notified. */
  | { readonly harm: 'half-open'; readonly told: 'client' | 'server' | 'nobody' }
  /** For a while, each POST arrives twice. */
  | { readonly harm: 'duplicate'; readonly ms: number }
  /** For a while, everything takes longer. */
  | { readonly harm: 'delay'; readonly ms: number; readonly by: number }
  /** For a while, only so many bytes a second pass. */
  | { readonly harm: 'slow'; readonly ms: number; readonly rate: number }
  /** For a while nothing arrives, then everything. */
  | { readonly harm: 'stall'; readonly ms: number }
  /** For a while, nothing runs there and nothing is sent, not even by calls of the test itself. */
  | { readonly harm: 'freeze'; readonly who: 'client' | 'server'; readonly ms: number }
  /** The wall clock is set, forwards or backwards. */
  | { readonly harm: 'clock'; readonly who: 'client' | 'server'; readonly by: number }
  /** For a while, some transports are closed, and their open connections break. */
  | { readonly harm: 'refuse'; readonly ms: number; readonly what: readonly Purpose[] };

/** A fault, its time (ms from the beginning), and its client, counted from 0. */
export type Fault = Harm & { readonly at: number; readonly client: number };

/** The number of faults, and their clients. */
export interface FaultsOptions {
  /** Ms in which they begin; default 30,000. */
  readonly duration?: number;
  /** Default 1. */
  readonly clients?: number;
  /** Default: 1 to 10, by the seed. */
  readonly count?: number;
}

const EVERYTHING: readonly Purpose[] = ['websocket', 'sse', 'polling', 'post'];

const DRAWS: readonly ((random: Random) => Harm)[] = [
  () => ({ harm: 'drop' }),
  ({ pick }) => ({ harm: 'half-open', told: pick(['client', 'server', 'nobody', 'nobody']) }),
  ({ between }) => ({ harm: 'duplicate', ms: between(1_000, 10_000) }),
  ({ between }) => ({ harm: 'delay', ms: between(100, 5_000), by: between(10, 2_000) }),
  ({ between }) => ({ harm: 'slow', ms: between(1_000, 8_000), rate: between(500, 20_000) }),
  ({ between }) => ({ harm: 'stall', ms: between(100, 12_000) }),
  ({ between, pick }) => ({
    harm: 'freeze',
    who: pick(['client', 'client', 'server']),
    ms: between(100, pick([2_000, 40_000])),
  }),
  ({ between, pick }) => ({
    harm: 'clock',
    who: pick(['client', 'client', 'server']),
    by: between(-1, 1) * between(1_000, pick([10_000, 3_600_000])),
  }),
  ({ between, pick }) => ({
    harm: 'refuse',
    ms: between(500, 8_000),
    what: pick([['websocket'], ['sse'], ['polling'], ['websocket', 'sse'], EVERYTHING]),
  }),
];

/**
 * Draws a schedule of faults, the same one for the same seed.
 *
 * @example await test.endure(faults(42))
 */
export function faults(seed: number, { duration = 30_000, clients = 1, count }: FaultsOptions = {}): Fault[] {
  const random = createRandom(seed, 1);
  const drawn = Array.from({ length: count ?? random.between(1, 10) }, () => ({
    ...random.pick(DRAWS)(random),
    at: random.between(0, duration),
    client: random.between(0, clients - 1),
  }));
  return drawn.sort((one, other) => one.at - other.at);
}

/** The tasks that no freeze stops. */
const NATURE = createZone('nature');

/** Applies a fault now. A lasting fault ends after its time. */
export function inflict(harm: Harm, path: Path, { server, time }: MemoryNetwork): void {
  const later = (ms: number, run: () => void): void => void time.schedule(ms, run, NATURE);
  switch (harm.harm) {
    case 'drop':
      return path.cut();
    case 'half-open':
      return path.halfOpen(harm.told);
    case 'duplicate':
      path.echo = () => harm.ms / 20;
      return later(harm.ms, () => (path.echo = undefined));
    case 'delay':
      path.delay = harm.by;
      return later(harm.ms, () => (path.delay = 0));
    case 'slow':
      path.rate = harm.rate / 1_000;
      return later(harm.ms, () => (path.rate = Infinity));
    case 'stall':
      path.stalledUntil = time.now + harm.ms;
      return;
    case 'freeze':
      return time.freeze(harm.who === 'client' ? path.zone : server, harm.ms);
    case 'clock':
      (harm.who === 'client' ? path.zone : server).skew += harm.by;
      return;
    case 'refuse':
      path.refused = harm.what;
      path.cut();
      return later(harm.ms, () => (path.refused = []));
  }
}
