import type { Position } from '@velox/core/protocol';
import { Broadcast as OriginalBroadcast } from '../../../src/topics/broadcast.js';
export * from '../../../src/topics/broadcast.js';

/** Members are not told that the value is current again, unless it has changed. */
export class Broadcast extends OriginalBroadcast {
  #last: { readonly position: Position; readonly stale: string | undefined } | undefined;

  override deliver(): void {
    const { position } = this.frames;
    const { stale } = this.versioned;
    const last = this.#last;
    this.#last = { position, stale };
    if (stale === undefined && last?.stale !== undefined && last.position === position) return;
    super.deliver();
  }
}
