import { faults, type Fault } from '../../src/testing/faults.js';
import { createRandom, type Random } from '../../src/testing/random.js';

/** The ways to connect. */
export type Way = 'websocket' | 'sse' | 'polling';

/**
 * The topics: the default topic, one whose deliveries wait, one whose source answers late or fails, and one whose value depends on the
 * role of the client.
 */
export const TOPICS: readonly ['', 'slow', 'far/1', 'by-role'] = ['', 'slow', 'far/1', 'by-role'];
export type Topic = (typeof TOPICS)[number];

/** The actions of the application or its operators.
 * Everything random in it comes from its own seed: no step moves another. */
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
  /** The client's subscription to a topic ends, or begins again. */
  | { readonly does: 'leave' | 'join'; readonly client: number; readonly topic: Topic }
  /** The tokens of a client expire; it brings a new one in time; its rights change. */
  | { readonly does: 'expire' | 'renew' | 'forbid' | 'permit'; readonly client: number }
  /** The role of a client changes. */
  | { readonly does: 'promote'; readonly client: number }
  /** The far topic gets another value in a new life, or its source fails for a while, or says for a while that its value is outdated. */
  | { readonly does: 'replace'; readonly seed: number }
  | { readonly does: 'fail' | 'outdate'; readonly ms: number }
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

/** The settings of one run, besides its steps. */
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
  const elsewhere = createRandom(seed, 4);
  const others = Array.from({ length: elsewhere.between(0, 15) }, () => ({
    ...drawElsewhere(elsewhere, settings.clients),
    at: elsewhere.between(0, DURATION),
  })).flatMap((deed) => {
    // Some roles are given back while the first change is still being answered.
    const isBack = deed.does === 'promote' && elsewhere.chance(0.5);
    return isBack ? [deed, { ...deed, at: deed.at + elsewhere.between(1, 60) }] : [deed];
  });
  const harms = chance(0.9) ? faults(seed, { duration: DURATION, clients: settings.clients }) : [];
  const steps = [...deeds, ...others, ...harms, ...trouble].sort((one, other) => one.at - other.at);
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

/** Draws a deed about the topics whose values come from a source. */
function drawElsewhere({ between, pick }: Random, clients: number): Deed {
  const client = between(0, clients - 1);
  const topic = pick([TOPICS[2], TOPICS[3]]);
  const kind = between(1, 100);
  if (kind <= 40)
    return { does: 'write', topic, seed: between(0, 1e9), times: between(1, 4), every: pick([0, 200]) };
  if (kind <= 55) return { does: 'promote', client };
  if (kind <= 70) return { does: 'replace', seed: between(0, 1e9) };
  if (kind <= 80) return { does: 'fail', ms: between(1, 5_000) };
  if (kind <= 90) return { does: 'outdate', ms: between(1, 5_000) };
  return { does: pick(['leave', 'join']), client, topic };
}
