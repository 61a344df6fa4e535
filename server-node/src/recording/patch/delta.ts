import type { ObjectBefore } from '../tree/before.js';
import type { Key } from '../copy.js';
import type { Node } from '../tree/node.js';
import { moveAcross } from './moves.js';
import { escaped, isUnsafe } from './path.js';
import type { Tree } from '../tree/tree.js';
import { Writer } from './writer.js';

/** `patch` is a JSON Patch (RFC 6902) as text, undefined when nothing differs; `growth` is by how much the value's text grew. */
export interface Delta {
  readonly patch: string | undefined;
  readonly growth: number;
}

/** Writes what leads from the beginning of the tree's window to now. */
export function delta(tree: Tree): Delta {
  const writer = new Writer(tree);
  const node = tree.touched[0];
  const path = node && tree.touched.length === 1 ? pathTo(node, tree.top) : undefined;
  if (node && path !== undefined) writer.container(node.target, node.target, node, path);
  else {
    moveAcross(tree, writer);
    const linked = linkChanged(tree.touched);
    const before = tree.top.before as ObjectBefore | undefined;
    writer.value(before ? before.values[0] : tree.root, tree.root, '');
    for (const one of linked) {
      one.isLinked = false;
      one.changed = undefined;
    }
  }
  return writer;
}

/** The path to the only container that changed; undefined when it is the top, out of the value, or not safe to reach. */
function pathTo(node: Node, top: Node): string | undefined {
  const { parent } = node;
  if (!parent) return undefined;
  if (parent === top) return '';
  const path = pathTo(parent, top);
  if (path === undefined) return undefined;
  const key = parent.locate(node) as Key;
  if (Array.isArray(parent.target)) return `${path}/${key}`;
  return isUnsafe(key as string) ? undefined : path + escaped(key as string);
}

/** Links each touched node to its parent, and so on up, so that the way down leads past nothing else. */
function linkChanged(touched: readonly Node[]): Node[] {
  const linked: Node[] = [];
  for (const leaf of touched) {
    for (let node: Node | undefined = leaf; node && !node.isLinked; node = node.parent) {
      node.isLinked = true;
      linked.push(node);
      if (node.parent) (node.parent.changed ??= []).push(node);
    }
  }
  return linked;
}
