import type { Bus } from '../cluster/bus.js';
import { CHANGED, changedRow } from '../cluster/changed.js';
import type { Hub } from '../hub/hub.js';
import type { Interests } from './interests.js';

interface RowLetter {
  readonly from: string;
  readonly ids: readonly string[];
  readonly audience?: string | undefined;
}

const subjectOf = (type: string): string => `velox entity ${type}`;

/** Tells the nodes of a cluster which rows of entities have changed. */
export function relayNotifications(hub: Hub, node: string, bus: Bus, interests: Interests): void {
  const { entities, observer } = hub;
  const hearOther = (data: string): void => {
    const [type, id] = changedRow(data) ?? [];
    if (type !== undefined && id !== undefined) entities.notifyHere(type, [id], undefined);
  };
  entities.relay = {
    watch(type) {
      // Rows that programs without Velox have written. The doubt below is theirs, too.
      void interests.add(CHANGED, hearOther);
      const hear = (data: string): void => {
        const { from, ids, audience } = JSON.parse(data) as RowLetter;
        if (from !== node) entities.notifyHere(type, ids, audience);
      };
      void interests.add(subjectOf(type), hear, () => entities.doubt(type));
    },
    send(type, ids, audience) {
      const letter: RowLetter = { from: node, ids, audience };
      const failed = (error: unknown): void =>
        observer.log('warn', 'notification not relayed', { type, error });
      void bus.publish(subjectOf(type), JSON.stringify(letter)).catch(failed);
    },
  };
}
