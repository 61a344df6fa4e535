import type { CastRanges } from './cast-set.js';
import type { Claim } from './claim.js';
import type { PackedMessage } from '../sessions/packed-session.js';
import type { RoomSelection } from '../messaging/room-selection.js';
import type { NameClaim } from './name-claim.js';
import type { PackedClient } from '../messaging/packed-client.js';

/** The answer of a session's former node to a claim. */
export type ClaimAnswer =
  | {
      readonly is: 'here';
      readonly name: string;
      readonly nameClaim?: NameClaim | undefined;
      readonly rooms: readonly string[];
    }
  | { readonly is: 'given'; readonly client: PackedClient; readonly known: CastRanges }
  /** It has moved to another node. */
  | { readonly is: 'moved'; readonly to: string }
  /** It may be about to arrive: ask again. */
  | { readonly is: 'arriving' }
  | { readonly is: 'unknown' };

/** Asks a node to give a session. The question may be heard repeatedly, and late. */
export interface GiveRequest extends Claim {
  /** The number of the question among the questions of its node. */
  readonly question: number;
}

/** A node has the session that it was given. */
export interface Taken {
  readonly own: string;
  /** How many links the session had had when it was given. */
  readonly links: number;
}

/** The cast that a message belongs to. The session may have left its rooms, or entered one that it leaves out. */
export interface CastOfMessage extends RoomSelection {
  /** Identifies it in the cluster. */
  readonly cast: string;
}

/** A message that was meant for a session on its former node. */
export interface PassedMessage extends Partial<CastOfMessage> {
  readonly own: string;
  readonly message: PackedMessage;
  readonly isUrgent?: boolean;
  readonly volatileKey?: string;
}

/** Something that the application, or a former node, does to a session of another node. */
export type Act =
  | { readonly act: 'join' | 'enter' | 'leave'; readonly room: string }
  | { readonly act: 'show'; readonly room: string; readonly mine?: unknown }
  | { readonly act: 'close'; readonly code: string; readonly reason: string };

export type PassedAct = { readonly own: string } & Act;

/** How late a node may hear a cast, in ms: one that is later counts as dead. */
export const LATE_MS = 6_000;

/** For how long each node knows the casts that it has heard, and those of a session that came, in ms: a late copy may come by two nodes. */
export const KNOWN_MS: number = 2 * LATE_MS;

/** How long the new node may take to confirm that it has the session, in ms: longer than it asks for the session. */
export const TAKE_MS = 30_000;

/** How long a node repeats a letter about a call, in ms: each call has one reply, also if the engine is away for a moment. */
export const REPEAT_MS = 30_000;

/** How long a node may take to answer one question, in ms. The question or its answer may be lost with the bus. */
export const ANSWER_MS = 1_000;
