import { isContainer, read, type Container } from './container.js';
import type { Key } from '../copy.js';
import type { Node } from './node.js';

/** A copy that was put in a second place while its original had the first. */
export interface Duplicate {
  readonly copy: Node;
  /** The originals of the containers of the copy. */
  readonly originals: ReadonlyMap<Container, Node>;
  /** How many writes the tree had counted before the copy. */
  readonly since: number;
  /** Whether it was made by drafts that outlast recipes. */
  readonly isLasting: boolean;
  /** It was taken out or copied itself, so it is an object of its own. */
  isOwn: boolean;
}

/** An original and the copies of it. */
interface Duplicated {
  readonly original: Node;
  readonly duplicates: Duplicate[];
  /** How many writes the tree had counted when the original had left without taking another place; unset if it has a place. */
  left: number | undefined;
}

interface Nodes {
  find(container: unknown): Node | undefined;
  present(value: unknown): unknown;
  child(parent: Node, key: Key, container: Container): Node;
  pin(node: Node): void;
}

/** The tree around the nodes. */
interface Value {
  readonly top: Node;
  readonly nodes: Nodes;
  readonly writes: number;
  note(undo: () => void): void;
}

/** The duplicates of a tree. */
class Noted {
  readonly byOriginal = new Map<Node, Duplicated>();
  readonly byCopy = new Map<Node, [Duplicated, Duplicate]>();
  /** The containers around originals and copies, and some that were. */
  readonly holders = new Set<Node>();
  /** The originals to check. */
  readonly pending = new Set<Duplicated>();
  isAllPending = false;
}

/**
 * Parts that were put in a second place, until the recipe or the tick ends. A plain object would stand in both places. If the original
 * leaves, and one copy stays that was not written, then the part was moved: the original takes the place of that copy.
 */
export class Duplicates {
  /** How many recipes run. */
  recipes = 0;
  /** Whether a container left that may be an original, a copy, or around one. */
  isPending = false;
  /** Created on need: most recipes put no part in a second place. */
  #noted: Noted | undefined;

  /** Notes that `copy`, which will stand in `home`, is a copy of `original`. */
  add(tree: Value, original: Node, copy: Container, home: Node, isLasting: boolean): void {
    if (home.isInside(original)) return; // as an object of its own, because a part cannot move into itself
    const { nodes, writes } = tree;
    const node = nodes.child(home, '', copy);
    const originals = new Map<Container, Node>();
    pair(nodes, original, copy, originals);
    if (isLasting) for (const each of [node, ...originals.values()]) nodes.pin(each);
    const duplicate: Duplicate = { copy: node, originals, since: writes, isLasting, isOwn: false };
    const all = this.#noted?.byOriginal.get(original) ?? { original, duplicates: [], left: undefined };
    this.#note(all, duplicate);
    tree.note(() => this.#remove(all, duplicate));
    const source = this.#noted?.byCopy.get(original);
    if (source) makeOwn(tree, source[1]);
  }

  /** Called when a container got another parent. */
  join(node: Node): void {
    const noted = this.#noted;
    if (!noted) return;
    if (noted.holders.has(node)) this.checkAll();
    else if (!noted.byOriginal.has(node) && !noted.byCopy.has(node)) return;
    hold(noted.holders, node);
  }

  /** Called when a container left its parent. */
  leave(node: Node): void {
    const noted = this.#noted;
    if (!noted) return;
    const all = noted.byOriginal.get(node);
    const copied = noted.byCopy.get(node);
    if (all) noted.pending.add(all);
    if (copied) noted.pending.add(copied[0]);
    if (noted.holders.has(node)) this.checkAll();
    else this.isPending ||= all !== undefined || copied !== undefined;
  }

  /** Makes {@link next} check all originals. */
  checkAll(): void {
    const noted = this.#noted;
    if (!noted) return;
    noted.isAllPending = true;
    this.isPending = true;
  }

  /** The next original that is to take the place of a copy. */
  next(tree: Value): [Node, Duplicate] | undefined {
    const noted = this.#noted ?? new Noted();
    if (noted.isAllPending) for (const all of noted.byOriginal.values()) noted.pending.add(all);
    noted.isAllPending = false;
    for (const all of noted.pending) {
      noted.pending.delete(all);
      const duplicate = placeFor(tree, all);
      if (duplicate) return [all.original, duplicate];
    }
    this.isPending = false;
    return undefined;
  }

  /** Notes that the original took the place of a copy. */
  moved(tree: Value, duplicate: Duplicate): void {
    const all = this.#noted?.byCopy.get(duplicate.copy)?.[0];
    if (!all) return;
    this.#remove(all, duplicate);
    tree.note(() => this.#note(all, duplicate));
  }

  /** An original that was written after it had left while copies stayed: the writes would be lost. Returns a copy of it. */
  lost(tree: Value, isLasting: boolean): Node | undefined {
    for (const { original, duplicates, left } of this.#noted?.byOriginal.values() ?? []) {
      if (left === undefined || original.outermost() === tree.top) continue;
      const stays = duplicates.find(
        (one) => one.isLasting === isLasting && one.copy.outermost() === tree.top,
      );
      if (stays && isWritten(tree.nodes, original, left)) return stays.copy;
    }
    return undefined;
  }

  /** Forgets the duplicates that were made by drafts that outlast recipes, or by others, or all. */
  close(isLasting?: boolean): void {
    for (const [all, one] of this.#noted?.byCopy.values() ?? [])
      if (isLasting === undefined || one.isLasting === isLasting) this.#remove(all, one);
  }

  #note(all: Duplicated, duplicate: Duplicate): void {
    const noted = (this.#noted ??= new Noted());
    noted.byOriginal.set(all.original, all);
    noted.byCopy.set(duplicate.copy, [all, duplicate]);
    all.duplicates.push(duplicate);
    hold(noted.holders, all.original);
    hold(noted.holders, duplicate.copy);
  }

  #remove(all: Duplicated, duplicate: Duplicate): void {
    const noted = this.#noted;
    if (!noted?.byCopy.delete(duplicate.copy)) return;
    all.duplicates.splice(all.duplicates.indexOf(duplicate), 1);
    if (all.duplicates.length > 0) return;
    noted.byOriginal.delete(all.original);
    noted.pending.delete(all);
    if (noted.byCopy.size > 0) return;
    this.#noted = undefined;
    this.isPending = false;
  }
}

/** Notes the containers around `node`. */
function hold(holders: Set<Node>, node: Node): void {
  for (let at = node.parent; at && !holders.has(at); at = at.parent) holders.add(at);
}

function makeOwn(tree: Value, duplicate: Duplicate): void {
  duplicate.isOwn = true;
  tree.note(() => (duplicate.isOwn = false));
}

/** The copy whose place an original is to take. */
function placeFor(tree: Value, all: Duplicated): Duplicate | undefined {
  const { original, duplicates } = all;
  for (const one of duplicates) if (!one.isOwn && !one.copy.parent) makeOwn(tree, one);
  if (original.outermost() === tree.top) {
    all.left = undefined;
    return undefined;
  }
  const inside = duplicates.filter(({ copy }) => copy.outermost() === tree.top);
  const outside = original.parent
    ? []
    : duplicates.filter(({ copy, isOwn }) => !isOwn && !copy.isInside(original));
  const [only, other] = inside.length > 0 ? inside : outside;
  if (only && !other && !only.isOwn && !isCopyWritten(tree.nodes, only)) return only;
  all.left ??= tree.writes;
  return undefined;
}

/** Finds the originals of a copy and of all containers in it. From now on they have nodes, so that moves of them are known. */
function pair(nodes: Nodes, original: Node, copy: Container, originals: Map<Container, Node>): void {
  originals.set(copy, original);
  const visit = (key: Key): void => {
    const inner = read(copy, key);
    const part = isContainer(inner) ? read(original.target, key) : undefined;
    if (!isContainer(part)) return;
    const node = nodes.child(original, key, part);
    if (node.parent === original) pair(nodes, node, inner as Container, originals);
  };
  if (Array.isArray(copy)) for (let index = 0; index < copy.length; index++) visit(index);
  else for (const key of Object.keys(copy)) visit(key);
}

/** Whether a copy was written since it was made. */
function isCopyWritten(nodes: Nodes, { originals, since }: Duplicate): boolean {
  for (const container of originals.keys())
    if ((nodes.find(nodes.present(container))?.written ?? 0) > since) return true;
  return false;
}

/** Whether a container or one inside was written. Containers without a node were not, and hold none that was. */
function isWritten(nodes: Nodes, node: Node, since: number): boolean {
  if (node.written > since) return true;
  return Object.values(node.target).some((inner) => {
    const child = nodes.find(inner);
    return child?.parent === node && isWritten(nodes, child, since); // a part that moved elsewhere may still be in it
  });
}
