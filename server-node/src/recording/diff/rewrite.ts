import type { Node } from '../tree/node.js';
import type { Tree } from '../tree/tree.js';

/** More single steps than this, and one that replaces everything is cheaper. */
const MOST_STEPS = 64;

/**
 * Writes `items` in place of the `count` items of an array from `start` on, in a few small steps if possible. A list that slides, or in
 * which one item moves, then costs only those steps.
 */
export function rewrite(
  tree: Tree,
  node: Node,
  start: number,
  count: number,
  items: readonly unknown[],
): void {
  const old = (node.target as unknown[]).slice(start, start + count);
  const removed: number[] = [];
  const inserted: number[] = [];
  let at = 0;
  let index = 0;
  while (at < old.length || index < items.length) {
    const more = index < items.length;
    if (at < old.length && more && old[at] === items[index]) {
      at++;
      index++;
    } else if (removed.length + inserted.length > MOST_STEPS) {
      return void tree.splice(node, start, count, items);
    } else {
      // one ahead is enough to tell an item that went from one that came; else it is both
      const came = more && (at >= old.length || old[at + 1] !== items[index]);
      const went = at < old.length && (!came || old[at] !== items[index + 1]);
      if (went) removed.push(at++);
      if (came) inserted.push(index++);
    }
  }
  for (const position of removed.toReversed()) tree.splice(node, start + position, 1, []);
  for (const position of inserted) tree.splice(node, start + position, 0, [items[position]]);
}
