import type { Readable } from '@velox/core';

/** The traffic of one connection since the page opened. */
export interface Traffic {
  /** Bytes of frames, as UTF-8, before compression. */
  readonly bytes: number;
  readonly snapshots: number;
  readonly deltas: number;
  /** The last ones, newest first. */
  readonly frames: readonly Received[];
}

export interface Received {
  readonly kind: string;
  readonly bytes: number;
  readonly version: number | undefined;
  /** The beginning of the frame's body or, without a body, of its text. */
  readonly excerpt: string;
}

/** Something that tells each frame as it arrives: a connection. */
interface FrameSource {
  onFrame(listener: (frame: object, text: string) => void): unknown;
}

const SHOWN = 8;
const EXCERPT = 160;

/** Counts and keeps every frame from now on. */
export function watchTraffic(source: FrameSource): Readable<Traffic> {
  const listeners = new Set<() => void>();
  const encoder = new TextEncoder();
  let traffic: Traffic = { bytes: 0, snapshots: 0, deltas: 0, frames: [] };
  source.onFrame((frame, text) => {
    const kind = kindOf(frame);
    const bytes = encoder.encode(text).length;
    const received = { kind, bytes, version: versionOf(frame), excerpt: excerptOf(text) };
    traffic = {
      bytes: traffic.bytes + bytes,
      snapshots: traffic.snapshots + (kind === 'snapshot' ? 1 : 0),
      deltas: traffic.deltas + (kind === 'delta' ? 1 : 0),
      frames: [received, ...traffic.frames.slice(0, SHOWN - 1)],
    };
    for (const listener of listeners) listener();
  });
  return {
    get: () => traffic,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** State frames are known by `version`, all others by the presence of their key. */
export function kindOf(frame: object): string {
  if (!('version' in frame)) return Object.keys(frame)[0] ?? 'frame';
  if ('delta' in frame) return 'delta';
  return 'body' in frame ? 'snapshot' : 'position';
}

function versionOf(frame: object): number | undefined {
  return 'version' in frame ? Number(frame.version) : undefined;
}

/** The frame's head repeats from frame to frame; a session's id is secret, and screens are shared. */
function excerptOf(text: string): string {
  const body = text.indexOf('"body":');
  const start = body < 0 ? 0 : body + '"body":'.length;
  return text.slice(start, start + EXCERPT).replace(/("session":)"[^"]*"/, '$1"…"');
}
