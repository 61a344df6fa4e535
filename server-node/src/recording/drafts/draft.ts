import { VeloxError } from '@velox/core/protocol';
import { arrayMethods } from './array-methods.js';
import { HANDLE, revoked, type DraftScope, type Handle } from './handle.js';
import { isPrivate, notJson, segment, type Key } from '../copy.js';
import { classWithMethod } from '../instances.js';
import { hasOwn, isContainer, type Container } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import { frozen } from '../tree/thaw.js';

export class Draft implements ProxyHandler<Container>, Handle {
  readonly scope: DraftScope;
  readonly #node: Node;

  constructor(scope: DraftScope, node: Node) {
    this.scope = scope;
    this.#node = node;
  }

  get node(): Node {
    let node = this.#node;
    while (node.successor) node = node.successor;
    return node;
  }

  /** The container to read and write: the target of the proxy, unless another one took its place. */
  #container(target: Container): Container {
    const { node } = this;
    if (node === this.#node ? target !== node.target : Object.isFrozen(target)) throw frozen(node);
    return node.target;
  }

  get(original: Container, key: string | symbol): unknown {
    if (key === HANDLE) return this;
    const { scope } = this;
    if (!scope.alive) throw revoked();
    const { tree } = scope;
    const { node } = this;
    const target = this.#container(original);
    const { source } = node;
    if (source && typeof key === 'string') scope.meet(node, key, source);
    const value = (target as Record<string | symbol, unknown>)[key];
    if (typeof value === 'object') {
      if (value === null || !hasOwn(target, key as Key)) return value; // inherited: Object.prototype under __proto__
      if (tree.isSwapping(value)) return (tree.settle(), this.get(original, key));
      const part = scope.draft(tree.nodes.child(node, key as Key, value as Container));
      if (target !== node.target) throw frozen(node); // it was frozen together with the part
      return part;
    }
    if (value === undefined && typeof key === 'string') this.#refuseMethod(target, key);
    return typeof value === 'function' ? (arrayMethods.get(value) ?? value) : value;
  }

  set(original: Container, key: string | symbol, value: unknown): boolean {
    if (!this.scope.alive) throw revoked();
    const target = this.#unfrozen(original);
    this.scope.wrote = true;
    if (typeof key === 'symbol') throw notJson('a symbol as a key', this.node.pointer());
    if (isPrivate(key) && this.scope.intake.omits(key, () => this.node.pointer() + segment(key))) return true;
    const { node } = this;
    this.scope.fork(node, key);
    if (!Array.isArray(target)) this.scope.assign(node, key, value);
    else if (key === 'length') this.#resize(target, Number(value));
    else this.#setItem(target, key, value);
    this.scope.rejoin();
    return true;
  }

  deleteProperty(original: Container, key: string | symbol): boolean {
    const target = this.#check(original);
    this.scope.wrote = true;
    if (typeof key === 'symbol') return true;
    const { node } = this;
    this.scope.fork(node, key);
    if (!hasOwn(target, key)) return true;
    if (!Array.isArray(target)) this.scope.tree.remove(node, key);
    else if (key === 'length') return false;
    else this.scope.tree.set(node, key, null);
    this.scope.rejoin();
    return true;
  }

  has(target: Container, key: string | symbol): boolean {
    return key in this.#check(target);
  }

  ownKeys(target: Container): (string | symbol)[] {
    return Reflect.ownKeys(this.#check(target));
  }

  getOwnPropertyDescriptor(target: Container, key: string | symbol): PropertyDescriptor | undefined {
    const descriptor = Reflect.getOwnPropertyDescriptor(this.#check(target), key);
    if (isContainer(descriptor?.value)) descriptor.value = this.get(target, key);
    return descriptor;
  }

  /** Only definitions that an assignment could also make. */
  defineProperty(target: Container, key: string | symbol, descriptor: PropertyDescriptor): boolean {
    const { configurable, enumerable, writable } = descriptor;
    const exists = typeof key === 'string' && hasOwn(this.#container(target), key);
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
  #unfrozen(target: Container): Container {
    const container = this.#container(target);
    if (Object.isFrozen(container)) throw frozen(this.node);
    return container;
  }

  #check(target: Container): Container {
    if (!this.scope.alive) throw revoked();
    const container = this.#unfrozen(target);
    this.scope.tree.settle();
    this.scope.pull(this.node);
    return container;
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
