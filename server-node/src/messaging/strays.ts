import type { ReplyFrame } from '@velox/core/protocol';
import type { Session } from '../sessions/session.js';
import type { DropCode } from '../wire/message.js';

/** The calls of a moved session that are on one of its former nodes. */
export interface CallsOfNode {
  readonly node: string;
  /** The client's calls that run there. */
  readonly running: readonly number[];
  /** The calls of that node that the client has not answered. */
  readonly asked: readonly number[];
  /** Those of them that were given up after they were written. Default: none. */
  readonly doubtful?: readonly number[];
}

/** Takes the frames of a client that concern calls on a former node of its session. */
export interface Strays {
  /** A reply to a call that this node did not make. */
  reply(session: Session, frame: ReplyFrame): void;
  /** A call of another node was given up. */
  dropped(session: Session, call: number, code: DropCode): void;
  /** A session has lost events with its former link, so the outcome of its calls that were given up is unknown. */
  doubt(session: Session): void;
  /** The end of a call that does not run on this node. */
  cancel(session: Session, call: number): void;
  /** The session has ended. */
  ended(session: Session): void;
}
