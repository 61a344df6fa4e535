import { checkGiven, option, type Checks } from '@velox/core/protocol';
import type { DropCode } from '../sessions/event-limits.js';

/** How an event is sent to many. */
export interface CastOptions {
  /** For volatile events: for a slow client, the newest event of each name and key waits. Default `''`. */
  readonly key?: string | undefined;
  /** The channel of the recipients; default: none. */
  readonly channel?: string | undefined;
}

/** How an event is sent to one session. */
export interface EmitOptions extends CastOptions {
  /** Whether it may be lost: it is not kept for a slow or absent client. Default false. */
  readonly volatile?: boolean | undefined;
  /** Called with the reason if the event is given up; not for sessions of other servers. */
  readonly onDrop?: ((code: DropCode) => void) | undefined;
}

const CAST: Checks<CastOptions> = { key: option.text, channel: option.text };
const EMIT: Checks<EmitOptions> = { ...CAST, volatile: option.flag, onDrop: option.callback };

/** @throws VeloxError `bad-option`. */
export function checkCast(given: CastOptions | undefined): void {
  if (given) checkGiven('emit() to many', given, CAST);
}

/** @throws VeloxError `bad-option`. */
export function checkEmit(given: EmitOptions | undefined): void {
  if (given) checkGiven('session.emit()', given, EMIT);
}
