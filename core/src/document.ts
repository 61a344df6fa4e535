import { apply, type Owned, type Patch } from './patch.js';
import type { DeltaFrame, Position, StateFrame } from './protocol.js';

/** A topic's value at one position. Immutable: a step makes a new one. */
export interface Document extends Position {
  readonly value: unknown;
}

/**
 * One step forward, by any state frame. A frame that tells nothing new gives `document` itself; one that does not join on
 * to it gives `'gap'`: ask the server, with the position that is held.
 *
 * @param owned see {@link Owned}: give one set for all frames that are published together.
 * @param patches receives the change in immer's form.
 * @throws VeloxError `bad-patch`, `unsafe-key` for a delta that joins on and cannot be applied. The value is then not the
 *   server's: go back to the last one published, forget its position, and ask for a snapshot.
 */
export function advance(
  document: Document | undefined,
  frame: StateFrame,
  owned?: Owned,
  patches?: Patch[],
): Document | 'gap' {
  const { version } = frame;
  const held = document && document.id === (frame.id ?? document.id) ? document : undefined;
  if (held && version <= held.version) return held;
  if (isDelta(frame)) {
    if (!held || held.version !== (frame.from ?? version - 1)) return 'gap';
    return { id: held.id, version, value: apply(held.value, frame.body, owned, patches) };
  }
  if (!('body' in frame)) return 'gap';
  patches?.push({ op: 'replace', path: [], value: frame.body });
  return { id: frame.id, version, value: frame.body };
}

function isDelta(frame: StateFrame): frame is DeltaFrame {
  return 'delta' in frame && frame.delta;
}
