import { enablePatches, Immer } from 'immer';
import { isContainer } from '../protocol/container.js';
import { report } from '../protocol/error.js';
import type { Patch } from '../protocol/patch.js';
import { LAYER, type Layered } from '../replicas/layer.js';
import type { Replica } from '../replicas/replica.js';

enablePatches();
/** Does not freeze: the parts of the server's value belong to the replica. */
const immer = new Immer({ autoFreeze: false });

/** A change that the server has not confirmed. */
interface Change {
  readonly recipe: (draft: unknown) => unknown;
  /** The next state frame has its effect. */
  isMade: boolean;
  hasFailed: boolean;
}

interface PendingChanges {
  readonly add: (recipe: Change['recipe']) => Change;
  readonly remove: (change: Change) => void;
}

type Step = readonly [next: unknown, forward: readonly Patch[], back: readonly Patch[]];

const byReplica = new WeakMap<object, PendingChanges>();

/** The changes that a replica shows on top of the server's value, in the order of their calls. */
export function pendingChanges(replica: Replica<never> | Replica<unknown>): PendingChanges {
  let changes = byReplica.get(replica);
  if (!changes) byReplica.set(replica, (changes = createPendingChanges(replica as unknown as Layered)));
  return changes;
}

function createPendingChanges(replica: Layered): PendingChanges {
  let pending: Change[] = [];
  /** Leads from the shown value back to the server's. */
  let back: Patch[] = [];

  const refresh = replica[LAYER]({
    seen() {
      if (pending.some(({ isMade }) => isMade)) pending = pending.filter(({ isMade }) => !isMade);
    },
    show(value, patches) {
      patches.unshift(...back);
      back = [];
      let shown = value;
      for (const change of pending) {
        try {
          const step = stepOf(shown, change.recipe);
          shown = step[0];
          patches.push(...step[1]);
          back.unshift(...step[2]);
        } catch (error) {
          if (!change.hasFailed) report(error);
          change.hasFailed = true;
        }
      }
      return shown;
    },
  });

  return {
    add(recipe) {
      const change = { recipe, isMade: false, hasFailed: false };
      pending = [...pending, change];
      refresh();
      return change;
    },
    remove(change) {
      if (!pending.includes(change)) return;
      pending = pending.filter((each) => each !== change);
      refresh();
    },
  };
}

function stepOf(value: unknown, recipe: Change['recipe']): Step {
  if (isContainer(value)) {
    return immer.produceWithPatches(value, (draft: unknown) => void recipe(draft));
  }
  const next = recipe(value);
  const replacement = (to: unknown): Patch => ({ op: 'replace', path: [], value: to });
  return [next, [replacement(next)], [replacement(value)]];
}
