import { decodeClientFrame as original } from '../../../../core/src/protocol/decode.js';
import type { ClientFrame } from '../../../../core/src/protocol/frames.js';
export * from '../../../../core/src/protocol/decode.js';

/** A list of topics is passed on without a check of its items. */
export function decodeClientFrame(text: string, depth: number): ClientFrame {
  try {
    const frame = JSON.parse(text) as ClientFrame;
    if ('subscribe' in Object(frame) && Array.isArray((frame as { subscribe: unknown }).subscribe))
      return frame;
  } catch {
    // it is no JSON
  }
  return original(text, depth);
}
