import { faults, type Fault } from '../../src/testing/faults.js';
import { createRandom, type Random } from '../../src/testing/random.js';
import type { Way } from '../simulation/plan.js';

/** The lanes of each direction: the main lane and a channel. */
export const LANES = ['', 'files'] as const;
export type Lane = (typeof LANES)[number];

/** The rooms to which the server adds sessions. */
export const ROOMS = ['red', 'blue', 'green'] as const;
/** A room that clients join, and the room whose presence they show. */
export const HALL = 'hall';
export const LOBBY = 'lobby';

/** How a handler ends a call, and how long it takes, in ms. */
export interface Work {
  readonly wait: number;
  readonly end: 'reply' | 'refused' | 'internal';
}

/** How a call is made. Times in ms; without `cancelAfter` its caller does not cancel it. */
export interface CallPlan extends Work {
  readonly timeout: number;
  readonly cancelAfter: number | undefined;
  readonly isIdempotent: boolean;
}

/** The recipients of a cast: rooms, and clients by their index. */
export interface CastPlan {
  readonly from: 'hub' | 'session';
  readonly client: number;
  readonly to: readonly string[] | undefined;
  readonly notIn: readonly string[];
  readonly only: readonly number[] | undefined;
  readonly except: readonly number[];
  /** Whether `only` and `except` name clients, or pass sessions. */
  readonly isByName: boolean;
  readonly isVolatile: boolean;
  readonly lane: Lane;
  readonly times: number;
  readonly pad: number;
}

/** The actions of the application or its operators. */
export type Deed =
  /** Events of a client, or to all of its sessions. */
  | {
      readonly does: 'note' | 'tell';
      readonly client: number;
      readonly lane: Lane;
      readonly times: number;
      readonly pad: number;
    }
  | ({ readonly does: 'cast' } & CastPlan)
  /** The server adds the sessions of a client to a room, or removes them. */
  | { readonly does: 'admit' | 'expel'; readonly client: number; readonly room: string }
  /** A client joins the hall or leaves it, enters the lobby, moves there, or leaves it. */
  | { readonly does: 'join' | 'leave' | 'enter' | 'move' | 'exit'; readonly client: number }
  /** A client calls the server; the server calls a client, or the members of a room. */
  | ({ readonly does: 'call' | 'ask'; readonly client: number } & CallPlan)
  | ({ readonly does: 'survey'; readonly room: string } & CallPlan)
  /** A client adds a row to the board, and shows it before the server's reply; the handler waits before and after it adds the row. */
  | ({ readonly does: 'add'; readonly client: number; readonly before: number } & Work)
  /** The server changes the board. */
  | { readonly does: 'write' }
  /** The server ends the sessions of a client, which connects again later. */
  | { readonly does: 'dismiss'; readonly client: number }
  /** Another process takes over, after a goodbye or without a word. */
  | { readonly does: 'restart'; readonly isCrash: boolean };

export type Step = (Fault | Deed) & { readonly at: number };

/** The settings of one run, besides its steps. */
export interface Settings {
  readonly clients: number;
  /** Longest latency of a connection's direction, in ms. */
  readonly latency: number;
  readonly heartbeat: number;
  /** How long a session waits for its client, in ms. */
  readonly patience: number;
  /** Longest time that `canJoin` takes, in ms; 0: it answers immediately. */
  readonly doubt: number;
  /** How many events the server keeps for a session, and the rule beyond that. */
  readonly kept: number;
  readonly overflow: 'drop-oldest' | 'drop-newest' | 'close';
  /** How many events wait in a client. */
  readonly queue: number;
  /** Most frames of a client in a second. */
  readonly rate: number;
  /** How long the board's deliveries wait, in ms. */
  readonly throttle: number;
  /** Whether the first client vanishes at the end. */
  readonly isLastCrash: boolean;
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

/** The deeds whose frames, or the replies to them, are lost now and then. */
const FRAGILE: readonly Deed['does'][] = ['tell', 'call', 'ask', 'add'];

/** Draws a plan. */
export function createPlan(seed: number, way: Way): Plan {
  const random = createRandom(seed, 60);
  const { between, pick, chance } = random;
  const isTight = chance(0.25);
  const settings: Settings = {
    clients: pick([1, 2, 2, 3]),
    latency: pick([1, 20, 200, 800]),
    heartbeat: pick([2_000, 5_000, 15_000]),
    patience: pick([3_000, 30_000, 30_000]),
    doubt: pick([0, 0, 100]),
    kept: isTight ? pick([10, 30, 60]) : 1_000,
    overflow: pick(['drop-oldest', 'drop-newest', 'close']),
    queue: isTight ? pick([5, 20, 1_000]) : 1_000,
    rate: pick([1_000, 1_000, 1_000, 20]),
    throttle: pick([0, 0, 100]),
    isLastCrash: chance(0.3),
  };
  const deeds = Array.from({ length: between(10, 60) }, () => ({
    ...draw(random, settings.clients),
    at: between(0, DURATION),
  })).flatMap((deed): Step[] => {
    const {
      client,
      wait = 0,
      before = 0,
    } = { client: 0, ...deed } as Partial<Work> & {
      readonly client: number;
      readonly before?: number;
    };
    if (!FRAGILE.includes(deed.does) || chance(0.5)) return [deed];
    // The frame or its reply is lost with its link.
    const ms = before + wait + 2 * settings.latency;
    if (chance(0.5)) return [deed, { harm: 'drop', client, at: deed.at + between(before + wait, ms) }];
    const told = pick(['client', 'server', 'nobody'] as const);
    return [deed, { harm: 'half-open', told, client, at: deed.at + between(0, ms) }];
  });
  const harms = chance(0.9) ? faults(seed, { duration: DURATION, clients: settings.clients }) : [];
  const steps = [...deeds, ...harms].sort((one, other) => one.at - other.at);
  return { seed, way, settings, steps };
}

function draw(random: Random, clients: number): Deed {
  const { between, chance, pick } = random;
  const client = between(0, clients - 1);
  const kind = between(1, 100);
  const lane = chance(0.7) ? LANES[0] : LANES[1];
  const times = chance(0.1) ? between(10, 40) : between(1, 3);
  const pad = chance(0.1) ? 4_000 : 0;
  if (kind <= 18) return { does: pick(['note', 'note', 'tell']), client, lane, times, pad };
  if (kind <= 40) return drawCast(random, clients, lane, times, pad);
  if (kind <= 52) return { does: pick(['admit', 'admit', 'expel']), client, room: pick(ROOMS) };
  if (kind <= 60) return { does: pick(['join', 'join', 'leave']), client };
  if (kind <= 68) return { does: pick(['enter', 'move', 'move', 'exit']), client };
  if (kind <= 80) return { does: pick(['call', 'call', 'ask']), client, ...drawCall(random) };
  if (kind <= 83) return { does: 'survey', room: pick([...ROOMS, HALL]), ...drawCall(random) };
  if (kind <= 94)
    return {
      does: 'add',
      client,
      before: pick([0, 0, 1, 20, 700]),
      wait: pick([0, 0, 20, 700]),
      end: pick(['reply', 'reply', 'reply', 'refused', 'internal']),
    };
  if (kind <= 97) return { does: 'write' };
  if (kind <= 98) return { does: 'dismiss', client };
  return { does: 'restart', isCrash: chance(0.5) };
}

function drawCall({ chance, pick }: Random): CallPlan {
  return {
    wait: pick([0, 0, 0, 5, 300, 3_000, 12_000]),
    end: pick(['reply', 'reply', 'reply', 'refused', 'internal']),
    timeout: pick([1_000, 10_000, Infinity, Infinity]),
    cancelAfter: chance(0.25) ? pick([0, 1, 100, 2_000]) : undefined,
    isIdempotent: chance(0.3),
  };
}

function drawCast(random: Random, clients: number, lane: Lane, times: number, pad: number): Deed {
  const { between, chance, pick } = random;
  const some = (): number[] => Array.from({ length: between(1, 2) }, () => between(0, clients - 1));
  const rooms = (): string[] => Array.from({ length: between(1, 3) }, () => pick(ROOMS));
  const from = pick(['hub', 'hub', 'session'] as const);
  return {
    does: 'cast',
    from,
    client: between(0, clients - 1),
    to: chance(0.7) ? (chance(0.15) ? [HALL] : rooms()) : undefined,
    notIn: chance(0.2) ? [pick(ROOMS)] : [],
    only: chance(0.2) ? some() : undefined,
    except: chance(0.2) ? some() : [],
    isByName: chance(0.5),
    isVolatile: chance(0.15),
    lane,
    times,
    pad,
  };
}
