import type { apply, Owned, Patch } from './patch.js';
import type { share } from './share.js';
import type { Operation, Position, StateFrame } from './frames.js';

/** A topic's value at one position. Immutable: a step makes a new one. */
export interface Document extends Position {
  readonly value: unknown;
}

/** The code of a step that is not part of a client's first load. */
export interface Steps {
  readonly apply: typeof apply;
  /** Puts the equal parts of a value into a snapshot of the same epoch, so that they keep their reference. */
  readonly share: typeof share;
}

/**
 * Applies any state frame. A frame without news returns `document` itself. A frame that does not follow on
 * from it returns `'gap'`: ask the server, from the present position.
 *
 * @param steps without it, a delta gives `'gap'`, and a snapshot shares nothing
 * @param owned see {@link Owned}: give one set for all frames that are published together.
 * @param patches receives the change in immer's form.
 * @throws VeloxError `bad-patch`, `unsafe-key` for a delta that joins on and cannot be applied. The value is then not the
 *   server's: go back to the last one published, forget its position, and ask for a snapshot.
 */
export function advance(
  document: Document | undefined,
  frame: StateFrame,
  steps?: Steps,
  owned?: Owned,
  patches?: Patch[],
): Document | 'gap' {
  const { id = document?.id, version, delta, from = version - 1, body } = frame as Received;
  const held = document?.id === id ? document : undefined;
  if (held && version <= held.version) return held;
  if (delta ? !steps || held?.version !== from : body === undefined) return 'gap';
  if (!delta) patches?.push({ op: 'replace', path: [], value: body });
  const value = delta
    ? steps!.apply(held!.value, body as Operation[], owned, patches)
    : steps
      ? steps.share(held?.value, body, owned)
      : body;
  return { id, version, value } as Document;
}

/** The possible contents of a state frame. `body` is absent from a bare position alone: a value can be null. */
interface Received {
  readonly id?: string;
  readonly version: number;
  readonly delta?: true;
  readonly from?: number;
  readonly body?: unknown;
}
