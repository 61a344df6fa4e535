import type { Session } from '../sessions/session.js';

/** The id of a session in a cluster: the node that has it, and the part that is its own and secret. */
const ID = /^([a-z]{8})\.(.+)$/;

/** The node in a session's id; undefined if the id names none. */
export function homeOf(id: string): string | undefined {
  return ID.exec(id)?.[1];
}

/** The part of a session's id that it keeps when it moves. */
export function ownPartOf(id: string): string | undefined {
  return ID.exec(id)?.[2];
}

/** The id of a session on a node, by its id on another one. */
export function idOn(node: string, id: string): string {
  return `${node}.${ownPartOf(id) ?? ''}`;
}

/** The part of a session's id that it keeps when it moves. */
export function ownPart(session: Session): string {
  return ownPartOf(session.id) ?? '';
}
