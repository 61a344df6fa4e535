import { faults, type Fault } from '../../src/testing/faults.js';
import { createRandom, type Random } from '../../src/testing/random.js';

/** The ways to connect. */
export type Way = 'websocket' | 'sse' | 'polling';

/** Names of the topics; the first is the default topic, whose deliveries do not wait. */
export const TOPICS: readonly ['', 'slow'] = ['', 'slow'];
export type Topic = (typeof TOPICS)[number];

/** What the application does, or its operators. Everything random in it comes from its own seed: no step moves another. */
export type Deed =
  /** Changes a topic so many times: in one tick, or one after another, so many ms apart. */
  | {
      readonly does: 'write';
      readonly topic: Topic;
      readonly seed: number;
      readonly times: number;
      readonly every: number;
    }
  /** Events of the client, or to it. */
  | { readonly does: 'note' | 'tell'; readonly client: number; readonly times: number }
  /** Nobody looks at a topic of the client any more, or again. */
  | { readonly does: 'leave' | 'join'; readonly client: number; readonly topic: Topic }
  /** The tokens of a client expire; it brings a new one in time; its rights change. */
  | { readonly does: 'expire' | 'renew' | 'forbid' | 'permit'; readonly client: number }
  /** Everybody's rights are asked for again. */
  | { readonly does: 'recheck' }
  /**
   * Another process takes over: with the state as it is, or with a new life of it (from the same value), after a goodbye that spreads the
   * return over `drain` ms, or without a word.
   */
  | { readonly does: 'restart'; readonly how: 'same' | 'anew' | 'crash'; readonly drain: number }
  /** For `ms`, each link of a client dies `life` ms after it opened. */
  | { readonly does: 'flicker'; readonly client: number; readonly ms: number; readonly life: number }
  /** For `ms`, two hubs serve the URL in turn, as behind a load balancer without sticky sessions. */
  | { readonly does: 'alternate'; readonly ms: number };

export type Step = (Fault | Deed) & { readonly at: number };

/** What one run is like, beside its steps. */
export interface Settings {
  readonly clients: number;
  /** Longest latency of a connection's direction, in ms. */
  readonly latency: number;
  readonly heartbeat: number;
  /** How long a session waits for its client, in ms. */
  readonly patience: number;
  /** How much history the topics keep. */
  readonly revisions: number;
  /** Longest time that a question of rights takes, in ms; 0: it is answered at once. */
  readonly doubt: number;
}

/** A run, in full: the same plan always does the same. */
export interface Plan {
  readonly seed: number;
  readonly way: Way;
  readonly settings: Settings;
  readonly steps: readonly Step[];
}

/** In which the steps happen, in ms. */
const DURATION = 30_000;

/** Draws a plan. */
export function createPlan(seed: number, way: Way): Plan {
  const random = createRandom(seed);
  const { between, pick, chance } = random;
  const settings: Settings = {
    clients: pick([1, 1, 2, 3]),
    latency: pick([1, 20, 200, 800]),
    heartbeat: pick([2_000, 5_000, 15_000]),
    patience: pick([3_000, 30_000, 30_000]),
    revisions: pick([2, 10, 1_000]),
    doubt: pick([0, 0, 100]),
  };
  const deeds = Array.from({ length: between(10, 50) }, () => ({
    ...draw(random, settings.clients),
    at: between(0, DURATION),
  })).flatMap((deed) => {
    // Some only turn round, while there is still something on its way to them.
    const isBack = deed.does === 'leave' && chance(0.5);
    return isBack ? [deed, { ...deed, does: 'join' as const, at: deed.at + between(900, 1_500) }] : [deed];
  });
  // Drawn apart, so that the other steps of a seed stay as they are.
  const apart = createRandom(seed, 3);
  const kind = apart.between(1, 100);
  const trouble: Step[] = [];
  if (kind <= 10) {
    const client = apart.between(0, settings.clients - 1);
    trouble.push({
      does: 'flicker',
      at: apart.between(0, 10_000),
      client,
      ms: 20_000,
      life: apart.between(0, 900),
    });
  } else if (kind <= 20) {
    trouble.push({ does: 'alternate', at: apart.between(0, 10_000), ms: 20_000 });
  }
  const harms = chance(0.9) ? faults(seed, { duration: DURATION, clients: settings.clients }) : [];
  const steps = [...deeds, ...harms, ...trouble].sort((one, other) => one.at - other.at);
  return { seed, way, settings, steps };
}

function draw({ between, chance, pick }: Random, clients: number): Deed {
  const client = between(0, clients - 1);
  const topic = chance(0.7) ? TOPICS[0] : TOPICS[1];
  const kind = between(1, 100);
  if (kind <= 50) {
    const times = chance(0.1) ? between(20, 60) : between(1, 4);
    return { does: 'write', topic, seed: between(0, 1e9), times, every: pick([0, 0, 0, between(1, 300)]) };
  }
  if (kind <= 75) return { does: pick(['note', 'tell']), client, times: chance(0.1) ? 30 : between(1, 3) };
  if (kind <= 84) return { does: pick(['leave', 'leave', 'join']), client, topic };
  if (kind <= 96) return { does: pick(['expire', 'renew', 'forbid', 'permit', 'permit']), client };
  if (kind <= 98) return { does: 'recheck' };
  return { does: 'restart', how: pick(['same', 'anew', 'crash']), drain: pick([0, 0, 3_000]) };
}
