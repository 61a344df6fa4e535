import type { CastRanges } from './cast-set.js';
import type { PackedMessage } from '../sessions/parcel.js';
import type { PackedClient } from '../messaging/packed-client.js';

/** What the former node of a session answers to a claim. */
export type ClaimAnswer =
  | { readonly is: 'here'; readonly name: string; readonly rooms: readonly string[] }
  | { readonly is: 'given'; readonly client: PackedClient; readonly known: CastRanges }
  /** It has moved to another node. */
  | { readonly is: 'moved'; readonly to: string }
  | { readonly is: 'unknown' };

/** A message that was meant for a session on its former node. */
export interface PassedMessage {
  readonly own: string;
  readonly message: PackedMessage;
  readonly isUrgent?: boolean;
  readonly volatileKey?: string;
  /** The cast that it belongs to. */
  readonly cast?: string | undefined;
}

/** Something that the application does on a former node of a session. */
export type PassedAct = { readonly own: string } & (
  | { readonly act: 'join' | 'enter' | 'leave'; readonly room: string }
  | { readonly act: 'close'; readonly code: string; readonly reason: string }
);

/** How long a node may take to answer, in ms. */
export const ANSWER_MS = 1_000;
