import { VeloxError } from '@velox/core/protocol';
import { copyIn, exotic, isBoxed, notJson, segment, type Key } from '../copy.js';
import { handleOf, revoked, type DraftScope, type Handle } from './handle.js';
import type { Intake, Origins } from './intake.js';
import { isContainer, read, type Container } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import { ROOT, type Tree } from '../tree/tree.js';

/**
 * Converts `value` to a value that may be stored under `key` of `node`. It copies plain values, also the plain
 * parts around drafts. A draft from outside the tree keeps its identity; a draft that is already in the tree is
 * copied. Runs inside an attempt.
 *
 * @throws VeloxError `not-json`, `too-deep`, `draft-revoked`.
 */
export function adopt(
  tree: Tree,
  node: Node,
  key: Key,
  value: unknown,
  intake: Intake,
  origins?: Origins,
): unknown {
  const given = value;
  if (origins?.hasOpen) value = origins.originOf(value);
  const level = node.depth() + 1;
  const copy = copyIn(value, {
    rules: intake,
    key,
    depth: intake.depth - level,
    path: () => node.pointer() + (node === tree.top ? '' : segment(key)),
    adopt: (source, copies) => adoptPart(tree, node, source, copies, intake, intake.depth - level, origins),
  });
  if (origins && isContainer(copy) && isPlain(value)) {
    const original = value === given ? undefined : (handleOf(given) as Handle).node;
    origins.open(tree.nodes.child(node, key, copy), value, original?.source);
    if (original) {
      tree.copies.add(copy, original.target);
      origins.duplicate(original, copy, node);
    }
  }
  return copy;
}

/**
 * Converts the first value of a tree. A plain value needs no tree: most states never change.
 *
 * @param createTree called at the first draft or VMap in the value
 * @throws VeloxError `not-json`, `too-deep`, `draft-revoked`.
 */
export function adoptRoot(value: unknown, intake: Intake, createTree: () => Tree): unknown {
  return copyIn(value, {
    rules: intake,
    key: ROOT,
    depth: intake.depth,
    adopt(source, copies) {
      if (!handleOf(source) && !intake.binding(source)) return undefined;
      const tree = createTree();
      return adoptPart(tree, tree.top, source, copies, intake, intake.depth);
    },
  });
}

/** Takes over a draft or an object that stands for its copy; undefined for any other object. */
function adoptPart(
  tree: Tree,
  node: Node,
  source: object,
  copies: readonly object[],
  intake: Intake,
  depth: number,
  origins?: Origins,
): Container | undefined {
  const handle = handleOf(source);
  if (!handle) return bind(tree, node, source, copies, intake, origins);
  if (!handle.scope.alive) throw revoked();
  if (intake.binding(source)) refuseSecondPlace(tree, handle, node, source);
  if (handle.scope.tree !== tree) return undefined;
  return takeOver(tree, handle, node, copies, intake, depth - copies.length, origins);
}

/** Whether a value is a container of the application that is copied member by member. */
export function isPlain(value: unknown): value is Container {
  if (!isContainer(value) || handleOf(value) || isBoxed(value) || exotic(value)) return false;
  return typeof (value as { toJSON?: unknown }).toJSON !== 'function';
}

/** Writes `value` as an application gives it: under `key` of an object, or at an index up to the length of an array. Runs inside an attempt. */
export function put(
  tree: Tree,
  node: Node,
  key: Key,
  value: unknown,
  intake: Intake,
  origins: Origins,
): void {
  const adopted = adopt(tree, node, key, value, intake, origins);
  if (Array.isArray(node.target)) tree.set(node, key, adopted ?? null);
  else if (adopted === undefined) tree.remove(node, key);
  else tree.set(node, key, adopted);
}

/** A VMap, for instance, stands for one part of one value: its copy would be plain, and later writes would be lost there. */
function refuseSecondPlace(tree: Tree, { scope, node: child }: Handle, node: Node, source: object): void {
  const from = child.outermost();
  const isFree = scope.tree === tree && from !== node.outermost() && from !== tree.top;
  if (isFree) return;
  const { name } = source.constructor;
  throw new VeloxError(
    'not-json',
    `a ${name} at ${node.pointer() || 'the root of the value'} stands in a second place. Assign its snapshot(), or remove it from the first.`,
  );
}

/** Copies an object that is to stand for its copy; undefined for any other. */
export function bind(
  tree: Tree,
  node: Node,
  source: object,
  copies: readonly object[],
  intake: Intake,
  origins?: Origins,
): Container | undefined {
  const binding = intake.binding(source);
  if (!binding) return undefined;
  const home = innermost(tree, node, copies);
  const content = (source as { toJSON(): object }).toJSON();
  const copy = adopt(tree, home, '', content, intake, origins) as Container;
  binding(tree.nodes.child(home, '', copy));
  return copy;
}

/** Moves or copies the container of `child` to the innermost of `copies`, which will stand in `node`. */
export function takeOver(
  tree: Tree,
  { scope, node: child }: Handle,
  node: Node,
  copies: readonly object[],
  intake: Intake,
  depth: number,
  origins: Origins | undefined,
): Container {
  const from = child.outermost();
  const to = node.outermost();
  if (child === to) throw notJson('a cycle', node.pointer());
  if (from === to || from === tree.top) {
    const copy = copyOf(scope, child, intake, depth, origins);
    const home = innermost(tree, node, copies);
    if (origins?.hasOpen) followCopy(tree, child, copy, home, origins);
    origins?.duplicate(child, copy, home);
    return copy;
  }

  // At a greater depth, a copy is made only to check whether the child may nest so deep.
  if (child.depth() < node.depth() + 1 + copies.length) copyOf(scope, child, intake, depth, origins);
  if (child.hasLostChild) untangle(scope, child, intake, origins, node);
  const { parent } = child;
  for (let owner = parent; owner && !owner.hasLostChild; owner = owner.parent) {
    origins?.fork(owner); // its object still holds the child
    markLostChild(tree, owner);
  }
  if (from.isLasting) tree.nodes.pin(child); // the former container may return in a later window
  const home = innermost(tree, node, copies);
  if (home.hasLostChild) untangle(scope, home, intake, origins); // it may have lost this very child
  if (child.isLasting) tree.nodes.pin(home);
  child.parent = home;
  tree.nodes.duplicates.join(child);
  tree.note(() => {
    child.parent = parent;
    if (parent) tree.onTouch?.(parent); // not written itself, but its members may have been
    // The application may have kept the copies, which still hold the child.
    for (let at: Node | undefined = home; at && at !== node; at = at.parent)
      at.hasLostChild = at.isUndone = true;
  });
  return child.target;
}

/** @throws VeloxError `too-deep`. */
function copyOf(scope: DraftScope, node: Node, rules: Intake, depth: number, origins?: Origins): Container {
  const shown = origins?.hasOpen ? scope.draft(node) : node.target; // objects that count show in a draft alone
  const copy = copyIn(shown, { depth, rules, path: () => node.pointer() }) as Container;
  scope.tree.copies.add(copy, node.target);
  return copy;
}

/** Makes the copy of a container follow the same objects as the container and its parts. */
function followCopy(tree: Tree, from: Node, copy: Container, parent: Node, origins: Origins): void {
  const { source, target } = from;
  if (source) origins.open(tree.nodes.child(parent, '', copy), source.object, source);
  for (const key of Object.keys(target)) {
    const part = read(target, key);
    const child = isContainer(part) ? tree.nodes.find(part) : undefined;
    const copied = child && read(copy, key);
    if (!isContainer(copied)) continue;
    tree.copies.add(copied, child!.target);
    followCopy(tree, child!, copied, tree.nodes.child(parent, '', copy), origins);
  }
}

/** Marks a container outside of the value, because a part of it was moved elsewhere. */
function markLostChild(tree: Tree, node: Node): void {
  node.hasLostChild = true;
  tree.note(() => (node.hasLostChild = false));
}

/** The node of the innermost of containers that will stand in `node`. */
function innermost(tree: Tree, node: Node, copies: readonly object[]): Node {
  return copies.reduce<Node>((outer, inner) => tree.nodes.child(outer, '', inner as Container), node);
}

/** When a container returns to `home`, copies the children that moved elsewhere meanwhile, so that no node has two parents. */
function untangle(scope: DraftScope, node: Node, intake: Intake, origins?: Origins, home = node): void {
  const { tree } = scope;
  for (const key of Object.keys(node.target)) {
    const value = (node.target as Record<string, unknown>)[key];
    const child = isContainer(value) ? tree.nodes.find(value) : undefined;
    if (!child) continue;
    const { parent } = child;
    if (parent !== node) {
      tree.note(() => (child.parent = parent)); // undoing gives the child its former parent back, and not this node
      const copy = copyOf(scope, child, intake, Infinity, origins);
      tree.set(node, key, copy);
      if (origins?.hasOpen) followCopy(tree, child, copy, node, origins);
      if (!node.isUndone && !home.isInside(child)) origins?.duplicate(child, copy, node);
    } else if (child.hasLostChild) untangle(scope, child, intake, origins, home);
  }
  node.hasLostChild = false;
  tree.note(() => (node.hasLostChild = true));
}
