import { HANDLE, handleOf } from './handle.js';
import { isContainer } from '../tree/container.js';
import type { Node } from '../tree/node.js';
import { noPromise, replacement } from './recipe.js';
import type { Tree } from '../tree/tree.js';

/**
 * An object with methods of its own that stands for a plain object or array of a value. Outside of a value it holds its content itself.
 * Once it is put into a value, it works on the part that was made from it.
 */
export abstract class Facade<C extends object> {
  /** The content, or the proxy of the part that it stands for. */
  private held: C;

  constructor(content: C) {
    this.held = content;
  }

  protected get content(): C {
    const handle = handleOf(this.held);
    if (handle?.node.facade === this) this.held = handle.scope.lasting(handle.node) as C; // another one if it was frozen
    return this.held;
  }

  /** The plain content. */
  toJSON(): C {
    return this.content;
  }

  /** Several changes together, all or nothing when it is part of a value, and one message to the clients. */
  batch(change: (content: C) => void): void {
    const scope = handleOf(this.content)?.scope;
    if (!scope) return change(this.content);
    scope.tree.attempt(() => {
      noPromise(change(this.content));
      scope.tree.settle();
      scope.rejoin();
    });
  }

  /**
   * Changes the member under `key` by a recipe that mutates it, or that returns another value and mutates nothing: the rule of
   * `state.update`. All or nothing if it is part of a value.
   */
  protected revise<K extends keyof C>(key: K, recipe: (member: C[K]) => C[K] | void): void {
    this.batch((content) => {
      const scope = handleOf(content)?.scope;
      const member = content[key];
      const before = scope ? undefined : JSON.stringify(member);
      const wrote = scope?.wrote ?? false;
      if (scope) scope.wrote = false;
      const result = noPromise(recipe(member));
      const hasWritten = scope
        ? scope.wrote
        : isContainer(member) && (isPart(member, result) || JSON.stringify(member) !== before);
      const next = replacement(member, result, hasWritten) as C[K] | undefined;
      if (next !== undefined && next !== member) content[key] = next;
      if (scope) scope.wrote ||= wrote || hasWritten;
    });
  }

  /** Another one for the same part of the value, seen through a draft of a recipe. */
  over(draft: object): this {
    const other = Object.create(Object.getPrototypeOf(this) as object) as this;
    other.held = draft as C;
    return other;
  }

  /** Makes it stand for `node`, until that is undone. */
  bind(tree: Tree, node: Node, proxy: object): void {
    const { held } = this;
    this.held = proxy as C;
    node.facade = this;
    tree.note(() => {
      this.held = held;
      node.facade = undefined;
    });
  }
}

function isPart(outer: object, value: unknown): boolean {
  return Object.values(outer).some(
    (inner) => isContainer(inner) && (inner === value || isPart(inner, value)),
  );
}

// Assigned to another place, it counts as the draft that it stands for.
Object.defineProperty(Facade.prototype, HANDLE, {
  get(this: Facade<object>) {
    return handleOf(this.toJSON());
  },
});
