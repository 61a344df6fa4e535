import type { Bus } from '../cluster/bus.js';
import type { Hub } from '../hub/hub.js';
import type { Interests } from './interests.js';

interface Letter {
  readonly from: string;
  readonly ids: readonly string[];
  readonly audience?: string | undefined;
}

const subjectOf = (type: string): string => `velox entity ${type}`;

/** Tells the nodes of a cluster which rows of entities have changed. */
export function relayNotifications(hub: Hub, node: string, bus: Bus, interests: Interests): void {
  const { entities, observer } = hub;
  entities.relay = {
    watch(type) {
      const hear = (data: string): void => {
        const { from, ids, audience } = JSON.parse(data) as Letter;
        if (from !== node) entities.notifyHere(type, ids, audience);
      };
      interests.add(subjectOf(type), hear, () => entities.doubt(type));
    },
    send(type, ids, audience) {
      const letter: Letter = { from: node, ids, audience };
      const failed = (error: unknown): void =>
        observer.log('warn', 'notification not relayed', { type, error });
      void bus.publish(subjectOf(type), JSON.stringify(letter)).catch(failed);
    },
  };
}
