import { VeloxError } from '@velox/core/protocol';
import type { Bus } from '../cluster/bus.js';
import { CHANGED, changedRow } from '../cluster/changed.js';
import type { Hub } from '../hub/hub.js';
import type { Interests } from './interests.js';

/** The wait before other nodes are told again that rows have changed, in ms. */
const RETRY_MS = 1_000;

interface RowLetter {
  readonly from: string;
  /** null: all rows of the type may have changed. */
  readonly ids: readonly string[] | null;
  readonly audience?: string | undefined;
}

const subjectOf = (type: string): string => `velox entity ${type}`;

/** Tells the nodes of a cluster which rows of entities have changed. */
export function relayNotifications(hub: Hub, node: string, bus: Bus, interests: Interests): void {
  const { entities, observer } = hub;
  /** The types of which other nodes have missed a notification. */
  const missed = new Set<string>();
  const publish = (type: string, letter: RowLetter): Promise<void> =>
    bus.publish(subjectOf(type), JSON.stringify(letter));
  const repeat = (type: string): void => {
    if (missed.has(type) || hub.isClosed) return;
    missed.add(type);
    setTimeout(() => {
      missed.delete(type); // a notification that fails from now on is repeated again
      void publish(type, { from: node, ids: null }).catch(() => repeat(type));
    }, RETRY_MS).unref();
  };
  const hearOther = (data: string): void => {
    const row = changedRow(data);
    if (!row) throw new VeloxError('bad-frame', `${data.slice(0, 100)} names no row. Send ["entity","key"].`);
    entities.notifyHere(row[0], [row[1]], undefined);
  };
  entities.relay = {
    watch(type) {
      const hear = (data: string): void => {
        const { from, ids, audience } = JSON.parse(data) as RowLetter;
        if (from === node) return;
        if (ids === null) entities.doubt(type);
        else entities.notifyHere(type, ids, audience);
      };
      // Rows that programs without Velox have written.
      void interests.add(CHANGED, hearOther, () => entities.doubtAll(), true);
      void interests.add(subjectOf(type), hear, () => entities.doubt(type), true);
    },
    send(type, ids, audience) {
      void publish(type, { from: node, ids, audience }).catch((error: unknown) => {
        observer.log('warn', 'notification not relayed', { type, error });
        repeat(type);
      });
    },
  };
}
