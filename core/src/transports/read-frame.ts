import { checkServerFrame } from '../protocol/check-server-frame.js';
import { dataOf } from '../protocol/data-of.js';
import type { ServerFrame } from '../protocol/frames.js';

/**
 * Checks a frame of the server, and puts the bytes of its data in place.
 *
 * @param text the frame as it came
 * @throws VeloxError `bad-frame`.
 */
export function readFrame(frame: ServerFrame, text: string): ServerFrame {
  checkServerFrame(frame, text);
  return 'binary' in frame ? { ...frame, data: dataOf(frame) } : frame;
}
