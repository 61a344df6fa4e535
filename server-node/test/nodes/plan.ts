import { createRandom, type Random } from '../../src/testing/random.js';
import type { Way } from '../simulation/index.js';

export const NODES = 3;
export const CLIENTS = 3;

/**
 * The harm that a run does to the cluster, apart from broken connections, late messages and lost wake-ups.
 *
 * - `node`: a node dies.
 * - `engine`: the engine is away for some seconds, once and again.
 * - `amnesia`: the log forgets its newest revisions, or all.
 */
export type Harm = 'none' | 'node' | 'engine' | 'amnesia';

/** An event in the life of clients, nodes and the engine. */
type Deed =
  /** A client sends an event. */
  | { readonly does: 'up'; readonly client: number }
  /** A node sends an event to the room of all clients, or to the name of one. */
  | { readonly does: 'cast'; readonly node: number }
  | { readonly does: 'down'; readonly node: number; readonly client: number }
  /** A node calls all clients. */
  | { readonly does: 'call'; readonly node: number }
  /** A node changes the shared state, which all clients see. */
  | { readonly does: 'update'; readonly node: number; readonly times: number }
  /** A client enters or leaves a room. */
  | {
      readonly does: 'join' | 'leave';
      readonly client: number;
      readonly room: Room;
    }
  /** The connections of a client break: its next link opens on the next node. */
  | { readonly does: 'cut'; readonly client: number }
  /** Another link claims the session of a client. */
  | { readonly does: 'claim'; readonly client: number }
  /** For some time, a node hears all messages of the bus late. */
  | {
      readonly does: 'lag';
      readonly node: number;
      readonly late: number;
      readonly ms: number;
    }
  /** A node loses wake-ups of the log, or answers of the engine. */
  | {
      readonly does: 'lose hints' | 'lose replies';
      readonly node: number;
      readonly count: number;
    }
  | { readonly does: 'die' }
  /** The engine is away. */
  | { readonly does: 'outage'; readonly ms: number }
  | { readonly does: 'lose tail'; readonly count: number }
  | { readonly does: 'wipe' };

/** A deed, and the ms that pass after it. */
export type Step = Deed & { readonly pause: number };

export type Room = (typeof ROOMS)[number];

/** The rooms that clients enter and leave. The application takes its time to allow the second one. */
export const ROOMS = ['red', 'slow'] as const;

/** A run: the same plan always does the same. */
export interface Plan {
  readonly seed: number;
  readonly way: Way;
  readonly settings: { readonly harm: Harm };
  readonly steps: readonly Step[];
}

/** Draws the steps of a seed. */
export function createPlan(seed: number, way: Way): Plan {
  const random = createRandom(seed);
  const harm = random.pick<Harm>(['none', 'none', 'node', 'engine', 'amnesia', 'amnesia']);
  const deeds: Deed[] = Array.from({ length: random.between(5, 60) }, () => draw(random));
  const place = (deed: Deed): void => void deeds.splice(random.between(0, deeds.length), 0, deed);
  if (harm === 'node') place({ does: 'die' });
  if (harm === 'engine')
    for (let n = random.between(1, 2); n > 0; n--)
      place({ does: 'outage', ms: random.pick([50, 900, 3_000]) });
  if (harm === 'amnesia')
    for (let n = random.between(1, 4); n > 0; n--)
      place(random.chance(0.2) ? { does: 'wipe' } : { does: 'lose tail', count: random.between(1, 6) });
  const steps = deeds.map((deed) => ({
    ...deed,
    pause: random.pick([0, 0, 1, 10, 60, 300, 1_500]),
  }));
  return { seed, way, settings: { harm }, steps };
}

function draw({ between, pick }: Random): Deed {
  const [node, client] = [between(0, NODES - 1), between(0, CLIENTS - 1)];
  const kind = between(1, 100);
  if (kind <= 13) return { does: 'up', client };
  if (kind <= 28) return { does: 'cast', node };
  if (kind <= 34) return { does: 'down', node, client };
  if (kind <= 38) return { does: 'call', node };
  if (kind <= 55) return { does: 'update', node, times: between(1, 4) };
  if (kind <= 65) return { does: pick(['join', 'leave']), client, room: pick(ROOMS) };
  if (kind <= 83) return { does: 'cut', client };
  if (kind <= 89) return { does: 'claim', client };
  if (kind <= 94)
    return {
      does: 'lag',
      node,
      late: pick([5, 80, 600, 2_000]),
      ms: pick([100, 1_000, 4_000]),
    };
  return {
    does: pick(['lose hints', 'lose replies']),
    node,
    count: between(1, 3),
  };
}
