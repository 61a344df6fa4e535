import { VeloxError } from '@velox/core/protocol';
import type { Duplicate } from '../tree/duplicates.js';
import type { Node } from '../tree/node.js';
import { takeOver } from './adopt.js';
import type { DraftScope } from './handle.js';

/** Lets originals that left the value take the places of their only copies; see `Duplicates`. */
export function rejoin(scope: DraftScope): void {
  const { tree } = scope;
  const { duplicates } = tree.nodes;
  for (let next = duplicates.next(tree); next; next = duplicates.next(tree)) {
    const [original, duplicate] = next;
    tree.attempt(() => replace(scope, original, duplicate));
  }
}

function replace(scope: DraftScope, original: Node, duplicate: Duplicate): void {
  const { tree, intake } = scope;
  const { nodes } = tree;
  const home = duplicate.copy.parent;
  const key = home?.locate(duplicate.copy);
  if (!home || key === undefined) return;
  nodes.duplicates.moved(tree, duplicate);
  const depth = intake.depth - home.depth() - 1;
  tree.set(home, key, takeOver(tree, { scope, node: original }, home, [], intake, depth, scope));
  for (const [copied, node] of duplicate.originals) {
    const shown = nodes.find(nodes.present(copied));
    if (!shown) continue;
    const { source } = shown;
    shown.successor = node;
    shown.source = undefined;
    tree.note(() => Object.assign(shown, { successor: undefined, source }));
    if (shown.live) nodes.pin(node);
  }
}

/** The error for writes to a part that left the value, when it is in doubt if it was moved to the place of a copy. */
export function lostWrites(scope: DraftScope, isLasting: boolean): VeloxError | undefined {
  const copy = scope.tree.nodes.duplicates.lost(scope.tree, isLasting);
  return (
    copy &&
    new VeloxError(
      'stale-object',
      `a part was written after it was removed, and its copy at ${copy.pointer()} is an object of its own. Remove the part before you insert it, or write to the copy.`,
    )
  );
}
