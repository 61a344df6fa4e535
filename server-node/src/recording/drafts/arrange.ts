import { behind } from './handle.js';
import { isContainer } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import type { Source } from '../tree/source.js';
import type { Tree } from '../tree/tree.js';

/**
 * Gives the copy of an array the length and order that the array has by now. Items that were moved in the array are moved in the copy:
 * a draft may have written to them. New items get any place holder; they are fetched afterwards.
 */
export function arrange(tree: Tree, node: Node, source: Source, object: readonly unknown[]): void {
  const target = node.target as unknown[];
  const { items: before } = source;
  if (before?.length === object.length && before.every((item, index) => item === object[index])) return;
  const origins = before?.map(behind) ?? originsOf(tree, target, object);
  source.items = object.slice();
  tree.note(() => (source.items = before));
  const movable = new Map<unknown, unknown[]>();
  const stays: boolean[] = [];
  target.forEach((item, index) => {
    const origin = origins[index];
    if (!isContainer(item) || !isContainer(origin)) return;
    if (origin === behind(object[index])) stays[index] = true;
    else if (movable.has(origin)) movable.get(origin)!.push(item);
    else movable.set(origin, [item]);
  });
  if (movable.size === 0 && object.length === target.length) return;
  const items = Array.from(object, (item, index) =>
    stays[index] ? target[index] : movable.get(behind(item))?.shift(),
  );
  const taken = new Set(items);
  items.forEach((item, index) => {
    const old = index < target.length ? target[index] : null;
    if (item === undefined) items[index] = isContainer(old) && taken.has(old) ? null : old;
  });
  if (items.length !== target.length || items.some((item, index) => item !== target[index]))
    tree.arrange(node, items);
}

/** Returns the objects that the items of a copied array were made from, as far as their nodes know them. */
function originsOf(tree: Tree, target: readonly unknown[], object: readonly unknown[]): unknown[] {
  const members = new Set(object.map(behind));
  return target.map((item) => {
    const node = isContainer(item) ? tree.nodes.find(item) : undefined;
    // An item of which `object` holds a draft is that one, and no copy of its own object.
    return node && (members.has(item) ? item : (node.source?.object ?? item));
  });
}
