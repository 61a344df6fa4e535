import { put } from './adopt.js';
import { Draft } from './draft.js';
import type { Sources } from './sources.js';
import type { Source } from '../tree/source.js';
import type { Intake } from './intake.js';
import { behind, handleOf, type DraftScope } from './handle.js';
import type { Key } from '../copy.js';
import { lostWrites, rejoin } from './rejoin.js';
import { hasOwn, isContainer, read, type Container } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import { thaw } from '../tree/thaw.js';
import type { Tree } from '../tree/tree.js';

/**
 * One life of drafts: a recipe, or for ever. A draft reads like the container behind it and writes through the tree.
 *
 * An assigned value is copied in as JSON would (see `copyIn`): undefined removes a key and makes an item null, keys beginning with `$`
 * are dropped unless the state keeps them, gaps of an array are filled with null. Symbols, and keys of an array that are no indices, are errors.
 */
export class Scope implements DraftScope {
  readonly tree: Tree;
  readonly intake: Intake;
  readonly sources: Sources;
  alive = true;
  /** Something was written, perhaps without effect. */
  wrote = false;
  /** Called before an assigned object is followed. */
  onOpen: (() => void) | undefined;
  readonly isLasting: boolean;

  constructor(tree: Tree, intake: Intake, sources: Sources, lasting = false) {
    this.tree = tree;
    this.intake = intake;
    this.sources = sources;
    this.isLasting = lasting;
    if (!lasting) tree.nodes.duplicates.recipes++;
  }

  get hasOpen(): boolean {
    return this.sources.hasOpen;
  }

  open(node: Node, object: Container, original?: Source): void {
    if (!original) this.onOpen?.();
    this.sources.open(node, object, this, original);
  }

  duplicate(original: Node, copy: Container, home: Node): void {
    this.onOpen?.();
    this.tree.nodes.duplicates.add(this.tree, original, copy, home, this.isLasting);
  }

  rejoin(): void {
    if (this.tree.nodes.duplicates.isPending) rejoin(this);
  }

  /** Ends a recipe that did not throw. */
  finish(): void {
    const { duplicates } = this.tree.nodes;
    this.tree.settle();
    duplicates.checkAll();
    do {
      this.rejoin();
      if (this.hasOpen) this.sources.sync();
    } while (duplicates.isPending);
    const error = duplicates.recipes === 1 ? lostWrites(this, false) : undefined;
    if (error) throw error;
  }

  /** Ends the life of the drafts of a recipe. */
  end(): void {
    const { duplicates } = this.tree.nodes;
    this.alive = false;
    this.sources.close(this);
    if (--duplicates.recipes === 0) duplicates.close(false);
  }

  /** Ends the tick of drafts that outlast recipes. Returns an error that belongs to no call. */
  close(): unknown {
    const { duplicates } = this.tree.nodes;
    try {
      duplicates.checkAll();
      this.rejoin();
      return lostWrites(this, true);
    } catch (error) {
      return error;
    } finally {
      duplicates.close(true);
      this.sources.close(this);
    }
  }

  fork(node: Node, key?: string): void {
    if (node.source) this.sources.fork(node, key);
  }

  meet(node: Node, key: string, source: Source): void {
    this.sources.meet(node, key, source);
  }

  pull(node: Node): void {
    if (node.source) this.sources.pull(node);
  }

  objectsOf(node: Node): readonly unknown[] {
    return this.sources.objectsOf(node);
  }

  originOf(value: unknown): unknown {
    return this.sources.originOf(value);
  }

  /** Returns the value that a reader gets for `value`, which is stored under `key` of `parent`. */
  wrap(value: unknown, parent: Node, key: Key): unknown {
    return isContainer(value) ? this.draft(this.tree.nodes.child(parent, key, value)) : value;
  }

  /** Returns the value that a reader gets for `value`, which was just removed from `parent`. */
  wrapRemoved(value: unknown, parent: Node): unknown {
    return isContainer(value) ? this.draft(this.tree.nodes.loose(value, parent)) : value;
  }

  draft(node: Node): object {
    if (this.isLasting) return node.facade ?? this.lasting(node);
    if (Object.isFrozen(node.target)) thaw(this.tree, node);
    if (node.scope !== this) {
      const proxy = new Proxy(node.target, new Draft(this, node));
      node.scope = this;
      node.draft = node.facade?.over(proxy) ?? proxy;
    }
    return node.draft as object;
  }

  /** The proxy that outlasts recipes. */
  lasting(node: Node): object {
    if (Object.isFrozen(node.target)) thaw(this.tree, node);
    if (!node.live) {
      node.live = new Proxy(node.target, new Draft(this, node));
      this.tree.nodes.pin(node);
    }
    return node.live;
  }

  /** Writes `value` as an application gives it: under `key` of an object, at an index up to the length of an array. */
  assign(node: Node, key: Key, value: unknown): void {
    this.wrote = true;
    const { tree } = this;
    if (tree.completeSwap(node, key, behind(value))) return;
    tree.settle();
    if (typeof value === 'string' || Number.isFinite(value))
      return tree.set(node, key, value === 0 ? 0 : value);
    if (!isContainer(value) && typeof value !== 'function')
      return put(tree, node, key, value, this.intake, this);
    const old = hasOwn(node.target, key) ? read(node.target, key) : undefined;
    const handle = handleOf(value);
    if (isContainer(old) && handle?.node.target === old) return;
    const assign = (): void =>
      tree.attempt(() => {
        if (isContainer(old)) tree.release(node, key, old);
        put(tree, node, key, value, this.intake, this);
      });
    const isPart = handle?.scope.alive && handle.scope.tree === tree;
    if (!isPart || !tree.beginSwap(node, key, handle.node, assign)) assign();
  }
}
