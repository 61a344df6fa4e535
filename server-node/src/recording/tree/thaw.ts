import { VeloxError } from '@velox/core/protocol';
import { put } from '../copy.js';
import type { Container } from './container.js';
import type { Node } from './node.js';
import type { Nodes } from './nodes.js';

/** The parts of a tree that replacing a container needs. */
export interface Host {
  readonly nodes: Nodes;
  /** Whether writes are undone. */
  readonly isUndoing: boolean;
  /** Keeps what undoes a change of links. */
  note(undo: () => void): void;
}

/**
 * Puts a shallow copy in the place of a container that the application has frozen, as immer freezes its input. The frozen container is out of
 * the value then, and never changes again.
 *
 * @param isForced also if a draft of the container is in use. Its reads are then of the frozen container.
 * @throws VeloxError `state-frozen` if a draft of the container is in use, because a proxy keeps its target.
 */
export function thaw(tree: Host, node: Node, isForced = false): void {
  const { target } = node;
  if (!isForced && (isInUse(node) || node.parent?.locate(node) === undefined)) throw frozen(node);
  const copy: Container = Array.isArray(target) ? target.slice() : { ...target };
  replace(tree, node, copy, isForced);
  tree.note(() => replace(tree, node, target, true));
}

/** The container of a node, to write to. */
export function writable(tree: Host, node: Node): Container {
  if (Object.isFrozen(node.target)) thaw(tree, node, tree.isUndoing);
  return node.target;
}

/** The error of a draft whose container was frozen. */
export function frozen(node: Node): VeloxError {
  const pointer = node.pointer();
  const place = pointer === '' ? 'the value of a state' : `the part of a state at "${pointer}"`;
  return new VeloxError(
    'state-frozen',
    `${place} was frozen while a draft of it is in use. Give immer or Object.freeze a copy: snapshot().body, or structuredClone(get()).`,
  );
}

function isInUse({ live, scope }: Node): boolean {
  return live !== undefined || scope?.alive === true;
}

function replace(tree: Host, node: Node, container: Container, isForced: boolean): void {
  const { parent, origin, target } = node;
  const key = parent?.locate(node);
  if (parent && key !== undefined) {
    if (Object.isFrozen(parent.target)) thaw(tree, parent, isForced);
    put(parent.target, key, container);
  }
  for (const place of new Set([parent, origin])) place?.before?.rename(target, container);
  tree.nodes.retarget(node, container);
}
