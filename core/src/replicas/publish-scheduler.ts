import { freezeAll } from '#development';
import type { Owned } from '../protocol/patch.js';
import { isHidden } from '../platform/page.js';

/** Publishes everything that arrived between two paints of the screen together. */
export interface PublishScheduler {
  /** The containers that were created since the last paint, and that the application has not seen. */
  readonly owned: () => Owned;
  /** Runs `publish` at the next paint; the same function once, however often it is given. */
  readonly schedule: (publish: () => void) => void;
  /** Publishes now. */
  readonly flush: () => void;
}

/**
 * Publishes at the next animation frame or after 100 ms, whichever is first: an iframe out of view gets no animation frames, nor does
 * a page that was just hidden. Publishes immediately if the document is hidden, or if the runtime has no animation frames.
 */
export function createPublishScheduler(): PublishScheduler {
  const due = new Set<() => void>();
  let owned: Owned = new Set();
  let frame: number;
  let timer: ReturnType<typeof setTimeout>;
  const flush = (): void => {
    globalThis.cancelAnimationFrame?.(frame);
    clearTimeout(timer);
    freezeAll(owned);
    owned = new Set();
    for (const publish of due) {
      due.delete(publish); // first: it may become due again while it runs
      publish();
    }
  };

  return {
    owned: () => owned,
    flush,
    schedule(publish) {
      const waiting = due.size > 0;
      due.add(publish);
      if (waiting) return;
      if (isHidden() || !globalThis.requestAnimationFrame) return flush();
      frame = requestAnimationFrame(flush);
      timer = setTimeout(flush, 100);
    },
  };
}
