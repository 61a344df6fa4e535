import { createRandom, type Random } from '../../src/testing/random.js';
import { FORMS, type Form } from '../leaks/links.js';
import { TEAMS, TOPICS, userOf, type Team } from './truth.js';

/** One action. Clients are named by their place. */
type Action =
  | {
      readonly does: 'change';
      readonly topic: string;
      /** How the application tells it: by a notification after some ms, by the row, or by both. */
      readonly by: 'notify' | 'put' | 'both';
      readonly delay: number;
    }
  /** A client sends a new token; its team may be another. */
  | { readonly does: 'renew'; readonly client: number; readonly team: Team }
  /** Whether a client may see users changes, and the rights are checked again. */
  | { readonly does: 'exclude' | 'include'; readonly client: number }
  /** Whether the identity of a client may see a note changes. */
  | { readonly does: 'lock' | 'unlock'; readonly client: number; readonly topic: string }
  /** All rights are checked again. */
  | { readonly does: 'recheck' }
  | { readonly does: 'want' | 'leave'; readonly client: number; readonly topic: string }
  /** A client opens another link: with its session and positions, or without. */
  | {
      readonly does: 'reconnect';
      readonly client: number;
      readonly form: Form;
      readonly isFresh: boolean;
      readonly team: Team;
    }
  /** A client comes back as another user, with all that another client knows. */
  | {
      readonly does: 'impersonate';
      readonly client: number;
      readonly of: number;
      readonly form: Form;
      readonly identity: number;
    }
  /** A client subscribes from the position of another. */
  | { readonly does: 'borrow'; readonly client: number; readonly of: number; readonly topic: string }
  /** Reads a row as JSON with an ETag of another client. */
  | { readonly does: 'read'; readonly client: number; readonly of: number; readonly topic: string }
  /** A client is gone. */
  | { readonly does: 'close'; readonly client: number }
  /** For some time every fetch fails. */
  | { readonly does: 'outage' }
  /** Copies are checked by hash. */
  | { readonly does: 'beat' }
  | { readonly does: 'wait' };

/** An action, and the ms that pass after it. */
export type Step = Action & { readonly pause: number };

export interface Settings {
  readonly clients: readonly {
    readonly form: Form;
    readonly identity: number;
    readonly team: Team;
    readonly topic: string;
    readonly isMember: boolean;
  }[];
  readonly isMany: boolean;
  readonly isRough: boolean;
  readonly hasVersions: boolean;
  readonly lag: number;
  readonly latency: number;
  readonly linger: number;
  readonly concurrency: number;
  /** Whether `canSubscribe` answers later. */
  readonly isSlowToAnswer: boolean;
}

/** A run, in full. */
export interface Plan {
  readonly seed: number;
  readonly settings: Settings;
  readonly steps: readonly Step[];
}

/** How many identities there are. */
export const IDENTITIES = 3;

export function createPlan(seed: number): Plan {
  const random = createRandom(seed);
  const { between, chance, pick } = random;
  const clients = Array.from({ length: between(2, 7) }, () => ({
    form: pick(FORMS),
    identity: between(1, IDENTITIES),
    team: pick(TEAMS),
    topic: pick(TOPICS),
    isMember: chance(0.6),
  }));
  const hasVersions = chance(0.5);
  const lag = hasVersions && chance(0.5) ? between(50, 1_500) : 0;
  const settings = {
    clients,
    isMany: chance(0.5),
    isRough: chance(0.6),
    hasVersions,
    lag,
    latency: pick([0, 10, 400]),
    // A row that was forgotten has no version that refuses an older one.
    linger: lag > 0 ? 1e8 : pick([10, 1_000, 30_000]),
    concurrency: pick([1, 2, 8]),
    isSlowToAnswer: chance(0.3),
  };
  const steps = Array.from({ length: between(15, 50) }, () => draw(random, clients.length)).flatMap(
    (step) => {
      const pause = pick([0, 0, 1, 10, 50, 400, 2_500]);
      // Sometimes the user that is read along with an item changes during the item's fetch.
      if (step.does !== 'change' || !chance(0.3)) return [{ ...step, pause }];
      const item = between(1, 3);
      const user = { ...step, topic: userOf(`items/${item}`), by: pick(['notify', 'put'] as const), pause };
      return [{ ...step, topic: `items/${item}`, by: 'notify' as const, pause: between(0, 100) }, user];
    },
  );
  return { seed, settings, steps };
}

function draw({ between, chance, pick }: Random, clients: number): Action {
  const client = between(0, clients - 1);
  const of = between(0, clients - 1);
  const topic = pick(TOPICS);
  const form = pick(FORMS);
  const team = pick(TEAMS);
  const kind = between(1, 100);
  if (kind <= 30)
    return {
      does: 'change',
      topic,
      by: pick(['notify', 'notify', 'put', 'both']),
      delay: pick([0, 0, 5, 100]),
    };
  if (kind <= 40) return { does: 'renew', client, team };
  if (kind <= 45) return { does: pick(['exclude', 'include', 'include']), client };
  if (kind <= 49) return { does: pick(['lock', 'unlock']), client, topic: pick(['notes/1', 'notes/2']) };
  if (kind <= 54) return { does: 'recheck' };
  if (kind <= 68) return { does: chance(0.7) ? 'want' : 'leave', client, topic };
  if (kind <= 77) return { does: 'reconnect', client, form, isFresh: chance(0.4), team };
  if (kind <= 82) return { does: 'impersonate', client, of, form, identity: between(1, IDENTITIES) };
  if (kind <= 86) return { does: 'borrow', client, of, topic };
  if (kind <= 90) return { does: 'read', client, of, topic };
  if (kind <= 92) return { does: 'close', client };
  if (kind <= 94) return { does: 'outage' };
  return { does: kind <= 96 ? 'beat' : 'wait' };
}
