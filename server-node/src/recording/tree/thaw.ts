import { VeloxError } from '@velox/core/protocol';
import { put } from '../copy.js';
import type { Container } from './container.js';
import type { Node } from './node.js';
import type { Nodes } from './nodes.js';

/** The parts of a tree that replacing a container needs. */
export interface Host {
  readonly nodes: Nodes;
  /** Keeps what undoes a change of links. */
  note(undo: () => void): void;
}

/**
 * Puts a shallow copy in the place of a container that the application has frozen, as immer freezes its input. The frozen container is out of
 * the value then, and never changes again. Its former drafts throw `state-frozen`, because a proxy keeps its target.
 */
export function thaw(tree: Host, node: Node): void {
  const { target } = node;
  replace(tree, node, Array.isArray(target) ? target.slice() : { ...target });
  tree.note(() => replace(tree, node, target));
}

/** The container of a node, to write to. */
export function writable(tree: Host, node: Node): Container {
  if (Object.isFrozen(node.target)) thaw(tree, node);
  return node.target;
}

/** The error of a draft whose container was frozen. */
export function frozen(node: Node): VeloxError {
  const pointer = node.pointer();
  const place = pointer === '' ? 'the value of a state' : `the part of a state at "${pointer}"`;
  return new VeloxError(
    'state-frozen',
    `${place} was frozen after this draft of it was made. Read the draft again, and give immer or Object.freeze a copy: snapshot().body, or structuredClone(get()).`,
  );
}

function replace(tree: Host, node: Node, container: Container): void {
  const { parent, origin, target } = node;
  const key = parent?.locate(node);
  if (parent && key !== undefined) put(writable(tree, parent), key, container);
  for (const place of new Set([parent, origin])) place?.before?.rename(target, container);
  tree.nodes.retarget(node, container);
  node.live = node.scope = node.draft = undefined;
}
