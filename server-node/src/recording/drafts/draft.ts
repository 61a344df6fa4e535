import { VeloxError } from '@velox/core/protocol';
import { put } from './adopt.js';
import type { Sources } from './sources.js';
import type { Source } from '../tree/source.js';
import type { Intake } from './intake.js';
import { arrayMethods } from './array-methods.js';
import { behind, HANDLE, handleOf, revoked, type DraftScope, type Handle } from './handle.js';
import { isPrivate, notJson, segment, type Key } from '../copy.js';
import { classWithMethod } from '../instances.js';
import { hasOwn, isContainer, read, type Container } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import { frozen, thaw } from '../tree/thaw.js';
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
  readonly #lasting: boolean;

  constructor(tree: Tree, intake: Intake, sources: Sources, lasting = false) {
    this.tree = tree;
    this.intake = intake;
    this.sources = sources;
    this.#lasting = lasting;
  }

  get hasOpen(): boolean {
    return this.sources.hasOpen;
  }

  open(node: Node, object: Container, original?: Source): void {
    if (!original) this.onOpen?.();
    this.sources.open(node, object, this, original);
  }

  fork(node: Node, key?: string): void {
    if (node.source) this.sources.fork(node, key);
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
    if (this.#lasting) return node.facade ?? this.lasting(node);
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

class Draft implements ProxyHandler<Container>, Handle {
  readonly node: Node;
  readonly scope: Scope;

  constructor(scope: Scope, node: Node) {
    this.scope = scope;
    this.node = node;
  }

  get(target: Container, key: string | symbol): unknown {
    if (key === HANDLE) return this;
    const { scope } = this;
    if (!scope.alive) throw revoked();
    if (target !== this.node.target) throw frozen(this.node);
    const { tree } = scope;
    const { source } = this.node;
    if (source && typeof key === 'string') scope.sources.meet(this.node, key, source);
    const value = (target as Record<string | symbol, unknown>)[key];
    if (typeof value === 'object') {
      if (value === null || !hasOwn(target, key as Key)) return value; // inherited: Object.prototype under __proto__
      if (tree.isSwapping(value)) return (tree.settle(), this.get(target, key));
      const part = scope.draft(tree.nodes.child(this.node, key as Key, value as Container));
      if (target !== this.node.target) throw frozen(this.node); // it was frozen together with the part
      return part;
    }
    if (value === undefined && typeof key === 'string') this.#refuseMethod(target, key);
    return typeof value === 'function' ? (arrayMethods.get(value) ?? value) : value;
  }

  set(target: Container, key: string | symbol, value: unknown): boolean {
    if (!this.scope.alive) throw revoked();
    this.#refuseFrozen(target);
    this.scope.wrote = true;
    if (typeof key === 'symbol') throw notJson('a symbol as a key', this.node.pointer());
    if (isPrivate(key) && this.scope.intake.omits(key, () => this.node.pointer() + segment(key))) return true;
    this.scope.fork(this.node, key);
    if (!Array.isArray(target)) this.scope.assign(this.node, key, value);
    else if (key === 'length') this.#resize(target, Number(value));
    else this.#setItem(target, key, value);
    return true;
  }

  deleteProperty(target: Container, key: string | symbol): boolean {
    this.#check(target);
    this.scope.wrote = true;
    if (typeof key === 'symbol') return true;
    this.scope.fork(this.node, key);
    if (!hasOwn(target, key)) return true;
    if (!Array.isArray(target)) this.scope.tree.remove(this.node, key);
    else if (key === 'length') return false;
    else this.scope.tree.set(this.node, key, null);
    return true;
  }

  has(target: Container, key: string | symbol): boolean {
    this.#check(target);
    return key in target;
  }

  ownKeys(target: Container): (string | symbol)[] {
    this.#check(target);
    return Reflect.ownKeys(target);
  }

  getOwnPropertyDescriptor(target: Container, key: string | symbol): PropertyDescriptor | undefined {
    this.#check(target);
    const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
    if (isContainer(descriptor?.value)) descriptor.value = this.get(target, key);
    return descriptor;
  }

  /** Only definitions that an assignment could also make. */
  defineProperty(target: Container, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    const { configurable, enumerable, writable } = descriptor;
    const exists = typeof key === 'string' && hasOwn(target, key);
    if ('get' in descriptor || 'set' in descriptor) return false;
    if (!exists && !(configurable && enumerable && writable)) return false;
    return this.set(target, key, descriptor.value);
  }

  setPrototypeOf(): boolean {
    return false;
  }

  preventExtensions(): boolean {
    return false;
  }

  /** A call of the missing method would be a TypeError that does not say why. */
  #refuseMethod(target: Container, key: string): void {
    const name = classWithMethod(target, key);
    if (name === undefined) return;
    throw new VeloxError(
      'not-json',
      `a draft holds JSON, so that of ${name} has no method "${key}". Call a function with the draft.`,
    );
  }

  /** A proxy may neither write to a frozen target nor show drafts of its parts. */
  #refuseFrozen(target: Container): void {
    if (target !== this.node.target || Object.isFrozen(target)) throw frozen(this.node);
  }

  #check(target: Container): void {
    if (!this.scope.alive) throw revoked();
    this.#refuseFrozen(target);
    this.scope.tree.settle();
    this.scope.pull(this.node);
  }

  #setItem(target: unknown[], key: string, value: unknown): void {
    const index = Number(key);
    if (hasOwn(target, key)) return this.scope.assign(this.node, index, value);
    if (!Number.isInteger(index) || index < 0 || index >= 2 ** 32 - 1 || String(index) !== key)
      throw notJson(`the key "${key}" of an array`, this.node.pointer());
    if (index > target.length) this.#resize(target, index);
    this.scope.assign(this.node, index, value);
  }

  #resize(target: unknown[], length: number): void {
    if (length >>> 0 !== length) throw new RangeError('Invalid array length');
    const missing = length - target.length;
    if (missing < 0) this.scope.tree.splice(this.node, length, -missing, []);
    else if (missing > 0)
      this.scope.tree.splice(this.node, target.length, 0, new Array<null>(missing).fill(null));
  }
}
