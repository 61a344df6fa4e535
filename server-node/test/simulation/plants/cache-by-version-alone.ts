import type { Position } from '@velox/core/protocol';
import type { Versioned } from '../../../src/state/versioned.js';
import {
  StateFrames as OriginalStateFrames,
  type StateFramesOptions,
} from '../../../src/topics/state-frames.js';
export * from '../../../src/topics/state-frames.js';

/** Frames of a former life are used again while the version is the same. */
export class StateFrames extends OriginalStateFrames {
  readonly #versioned: Versioned;
  #known: Position | undefined;

  constructor(topic: string, versioned: Versioned, options: StateFramesOptions) {
    super(topic, versioned, options);
    this.#versioned = versioned;
  }

  override get position(): Position {
    const { version } = this.#versioned.position();
    if (this.#known?.version !== version) this.#known = super.position;
    return this.#known;
  }
}
