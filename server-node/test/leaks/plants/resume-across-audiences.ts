import type { Position } from '@velox/core/protocol';
import type { Admission } from '../../../src/access/admission.js';
import type { Versioned } from '../../../src/state/versioned.js';
import type { Opened } from '../../../src/topics/source.js';
import { ViewSource as OriginalViewSource } from '../../../src/views/view-source.js';
export * from '../../../src/views/view-source.js';

/** A client that names a position of an audience goes on there. */
export class ViewSource extends OriginalViewSource {
  readonly #opened = new Set<Versioned>();

  override open(topic: string, admission: Admission, known?: Position): Opened {
    const opened = super.open(topic, admission);
    if (typeof opened === 'string' || !('position' in opened)) return opened;
    this.#opened.add(opened);
    return [...this.#opened].find((each) => each.position().id === known?.id) ?? opened;
  }
}
