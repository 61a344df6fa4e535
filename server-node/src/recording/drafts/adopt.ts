import { copyIn, notJson, segment, type Key } from '../copy.js';
import { handleOf, revoked } from './handle.js';
import type { Intake } from './intake.js';
import { isContainer, type Container, type Node } from '../tree/node.js';
import type { Tree } from '../tree/tree.js';

/**
 * Makes of `value` what may stand under `key` of `node`: plain values are copied, also the plain parts around drafts. A draft
 * stays what it is when it is out of the tree that it comes to, and is copied when it is in it. Runs inside an attempt.
 *
 * @throws VeloxError `not-json`, `too-deep`, `draft-revoked`.
 */
export function adopt(tree: Tree, node: Node, key: Key, value: unknown, intake: Intake): unknown {
  const level = node.depth() + 1;
  return copyIn(value, {
    onRow: intake.onRow,
    key,
    depth: intake.depth - level,
    path: () => node.pointer() + (node === tree.top ? '' : segment(key)),
    adopt: (source, copies) => {
      const handle = handleOf(source);
      if (!handle) return bind(tree, node, source, copies, intake);
      if (!handle.scope.alive) throw revoked();
      if (handle.scope.tree !== tree) return undefined;
      return takeOver(tree, handle.node, node, copies, intake.depth - level - copies.length);
    },
  });
}

/** Copies an object that is to stand for its copy; undefined for any other. */
export function bind(
  tree: Tree,
  node: Node,
  source: object,
  copies: readonly object[],
  intake: Intake,
): Container | undefined {
  const binding = intake.binding(source);
  if (!binding) return undefined;
  const home = innermost(tree, node, copies);
  const content = (source as { toJSON(): object }).toJSON();
  const copy = adopt(tree, home, '', content, intake) as Container;
  binding(tree.nodes.child(home, '', copy));
  return copy;
}

/** Moves or copies the container of `child` to the innermost of `copies`, which will stand in `node`. */
function takeOver(tree: Tree, child: Node, node: Node, copies: readonly object[], depth: number): Container {
  const from = child.outermost();
  const to = node.outermost();
  if (child === to) throw notJson('a cycle', node.pointer());
  if (from === to || from === tree.top) return copyOf(child, depth);

  if (child.depth() < node.depth() + 1 + copies.length) copyOf(child, depth); // it goes deeper: only to see whether it may
  if (child.robbed) untangle(tree, child);
  const { parent } = child;
  for (let owner = parent; owner && !owner.robbed; owner = owner.parent) rob(tree, owner);
  if (from.lasting) tree.nodes.pin(child); // what it was in may come back, in whatever window
  const home = innermost(tree, node, copies);
  if (home.robbed) untangle(tree, home); // perhaps of this very child
  if (child.lasting) tree.nodes.pin(home);
  child.parent = home;
  tree.note(() => {
    child.parent = parent;
    if (parent) tree.onTouch(parent); // not written, yet it holds what may have been
    // Somebody may have kept the copies, which still hold the child.
    for (let at: Node | undefined = home; at && at !== node; at = at.parent) at.robbed = true;
  });
  return child.target;
}

/** @throws VeloxError `too-deep`. */
function copyOf(node: Node, depth: number): Container {
  return copyIn(node.target, { depth, path: () => node.pointer() }) as Container;
}

/** Marks a container that is out of the value as one that lost something. */
function rob(tree: Tree, node: Node): void {
  node.robbed = true;
  tree.note(() => (node.robbed = false));
}

/** The node of the innermost of containers that will stand in `node`. */
function innermost(tree: Tree, node: Node, copies: readonly object[]): Node {
  return copies.reduce<Node>((outer, inner) => tree.nodes.child(outer, '', inner as Container), node);
}

/** Gives a container that comes back copies of what went elsewhere meanwhile, so that nothing stands in two places. */
function untangle(tree: Tree, node: Node): void {
  for (const key of Object.keys(node.target)) {
    const value = (node.target as Record<string, unknown>)[key];
    const child = isContainer(value) ? tree.nodes.find(value) : undefined;
    if (!child) continue;
    const { parent } = child;
    if (parent !== node) {
      tree.note(() => (child.parent = parent)); // undone, it is back in its place, and still not ours
      tree.set(node, key, copyIn(value, { depth: Infinity }));
    } else if (child.robbed) untangle(tree, child);
  }
  node.robbed = false;
  tree.note(() => (node.robbed = true));
}
