import type { Admission } from '../access/admission.js';
import { plainText } from '../access/same-context.js';

/** A client that names a session of another node, with the data by which that node recognises it. */
export interface Claim {
  /** The part of the session's id that it keeps. */
  readonly own: string;
  readonly identity?: string | undefined;
  readonly binding?: string | undefined;
  /** The context as JSON; absent for undefined, null if it is not plain. */
  readonly context?: string | null;
}

/** A context that equals no other. */
class Opaque {}

export function claimOf(own: string, { identity, binding, context }: Admission): Claim {
  return {
    ...{ own, identity, binding },
    ...(context !== undefined && { context: plainText(context) ?? null }),
  };
}

/** The client of a claim. */
export function claimant({ identity, binding, context }: Claim): Admission {
  const known: unknown =
    context === undefined ? undefined : context === null ? new Opaque() : JSON.parse(context);
  return { identity, context: known, ...(binding !== undefined && { binding }) };
}
