import { ArrayBefore, ObjectBefore } from '../tree/before.js';
import { escaped, isUnsafe } from './path.js';
import type { Node } from '../tree/node.js';
import type { Tree } from '../tree/tree.js';

/** The list that receives the operations, and the growth of the value's JSON text. */
interface Output {
  growth: number;
  push(operation: string): void;
}

/** More items than this are sent as they are: each costs a search in two lists. */
const MOST_MOVES = 200;

/**
 * Writes a `move` for each item that went from one list to another, at the head of the patch. The old lists are
 * changed accordingly, so that later steps start from the moved state.
 */
export function moveAcross(tree: Tree, writer: Output): void {
  let count = 0;
  for (const node of tree.nodes.moved) {
    const { origin: from, parent: to } = node;
    if (!from || !to || from === to || count === MOST_MOVES) continue;
    if (!(from.before instanceof ArrayBefore) || !(to.before instanceof ArrayBefore)) continue;
    const source = from.before.arrange(from.target as unknown[]);
    const index = source.indexOf(node.target);
    const fromPath = index < 0 ? undefined : pathBefore(tree, from, node);
    const toPath = pathBefore(tree, to, node);
    if (fromPath === undefined || toPath === undefined) continue;
    // Into the list's own depth: the item may be around the target, and receivers differ in when they look at `path`.
    if (toPath.startsWith(`${fromPath}/`)) continue;
    source.splice(index, 1);
    const target = to.before.arrange(to.target as unknown[]);
    const place = placeIn(target, to.target as unknown[], node);
    writer.push(`{"op":"move","from":"${fromPath}/${index}","path":"${toPath}/${place}"}`);
    writer.growth += (target.length > 0 ? 1 : 0) - (source.length > 0 ? 1 : 0); // commas
    target.splice(place, 0, node.target);
    node.origin = to;
    count++;
  }
}

/** Returns the index in the old list at which an item needs no further move: behind its current predecessor. */
function placeIn(before: readonly unknown[], now: readonly unknown[], node: Node): number {
  const index = now.indexOf(node.target);
  const behind = index > 0 ? before.indexOf(now[index - 1]) : -1;
  return behind >= 0 ? behind + 1 : Math.min(index, before.length);
}

/** The path that a container had; undefined when it had none that may be used, or one that leads through `moved`. */
function pathBefore(tree: Tree, node: Node, moved: Node): string | undefined {
  const parent = node.origin ?? node.parent;
  if (!parent || node === moved) return undefined;
  const key = keyBefore(parent, node);
  if (key === undefined || isUnsafe(key)) return undefined;
  if (parent === tree.top) return '';
  const path = pathBefore(tree, parent, moved);
  return path === undefined ? undefined : path + escaped(key);
}

function keyBefore({ target, before }: Node, child: Node): string | undefined {
  if (Array.isArray(target)) {
    const index = (before instanceof ArrayBefore ? before.items(target) : target).indexOf(child.target);
    return index < 0 ? undefined : String(index);
  }
  const hint = String(child.key);
  const isObject = before instanceof ObjectBefore;
  // The key mostly stays. To list the old members of a wide object for each moved row would take seconds.
  if ((isObject ? before.member(target, hint) : target[hint]) === child.target) return hint;
  const members = isObject ? before.members(target) : target;
  return Object.keys(members).find((key) => members[key] === child.target);
}
