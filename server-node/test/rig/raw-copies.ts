import type { Position } from '@velox/core/protocol';
import { expect } from 'vitest';
import { patched } from './documents.js';
import type { Frame } from './raw-client.js';

/** A position and the value at it. */
export interface RawCopy extends Position {
  readonly body: unknown;
}

/** The copies that state frames lead to, by topic, made as PROTOCOL.md says and with nothing of the core. */
export class RawCopies extends Map<string, RawCopy> {
  /** Follows a state frame. One that does not fit fails the test, but without a copy all before the first snapshot is passed over. */
  take(frame: Frame): void {
    const { topic = '', id, version, from = (version as number) - 1, body } = frame as Partial<Frame>;
    const copy = this.get(topic as string);
    const position = { id: (id ?? copy?.id) as string, version: version as number };
    if ('body' in frame && !('delta' in frame)) {
      if (copy?.id === position.id) expect(position.version).toBeGreaterThanOrEqual(copy.version);
      this.set(topic as string, { ...position, body });
    } else if (copy && 'delta' in frame) {
      expect({ ...position, version: from }).toEqual({ id: copy.id, version: copy.version });
      this.set(topic as string, { ...position, body: patched(copy.body, JSON.stringify(body)) });
    } else if (copy) {
      expect(position).toEqual({ id: copy.id, version: copy.version });
    }
  }
}
