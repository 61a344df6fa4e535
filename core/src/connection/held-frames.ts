import { load, loaded } from '../platform/load.js';
import type { ServerFrame } from '../protocol/frames.js';

type Take = (frame: ServerFrame, text: string) => void;

/** The frames of a link, in order. */
export interface HeldFrames {
  /** Passes a frame on. From the first delta, bytes or call on, frames wait until the code that reads them is loaded, or cannot be. */
  readonly pass: Take;
  /** Forgets the frames that wait. */
  readonly clear: () => void;
}

export function createHeldFrames(take: Take): HeldFrames {
  let held: Parameters<Take>[] | undefined;
  return {
    pass(frame, text) {
      if (held) return void held.push([frame, text]);
      if (loaded || !('delta' in frame || 'binary' in frame || 'call' in frame)) return take(frame, text);
      const mine: Parameters<Take>[] = (held = [[frame, text]]);
      const release = (): void => {
        while (held === mine && mine.length) take(...mine.shift()!);
        if (held === mine) held = undefined;
      };
      load().then(release, release);
    },
    clear: () => (held = undefined),
  };
}
