import { VeloxError } from '@velox/core/protocol';
import { isPlain } from '../recording/drafts/adopt.js';
import { noPromise, replacement } from '../recording/drafts/recipe.js';
import { isContainer, type Container } from '../recording/tree/container.js';
import { put } from '../recording/copy.js';

type Members = Record<string, unknown>;

/**
 * Runs a recipe on an object of the application. For a returned value, the rule of owned states applies; the object then gets its members.
 *
 * @returns `undo`, which brings back the members of all plain objects and arrays, except for the order of keys
 * @throws the error that the recipe throws; VeloxError `async-recipe`, `state-watched`. The object is then as it was.
 */
export function changeInPlace<T>(source: T, recipe: (object: T) => T | void): () => void {
  const backup = new Backup(source);
  const undo = (): void => backup.restore();
  try {
    const result = noPromise(recipe(source));
    const next = replacement(source, result, backup.isOutdated());
    if (next !== undefined && next !== source) overwrite(source, next);
  } catch (error) {
    undo();
    throw error;
  }
  return undo;
}

function overwrite(target: unknown, next: unknown): void {
  if (!isContainer(target) || !isContainer(next) || Array.isArray(target) !== Array.isArray(next)) {
    throw new VeloxError(
      'state-watched',
      'update() returned a value of another kind for a watched object. Change the object, or let the state own its value.',
    );
  }
  assign(target, Array.isArray(next) ? next.slice() : { ...next });
}

/** Makes the own enumerable members of `target` those of `next`. */
function assign(target: Container, next: Container): void {
  if (Array.isArray(target)) {
    const items = next as readonly unknown[];
    target.length = items.length;
    for (let index = 0; index < items.length; index++)
      if (target[index] !== items[index]) target[index] = items[index];
    return;
  }
  const members = next as Members;
  for (const key of Object.keys(target)) if (!Object.hasOwn(members, key)) delete (target as Members)[key];
  for (const [key, value] of Object.entries(members))
    if (differs(target, key, value)) put(target, key, value);
}

/** Whether a data member has another value. A getter computes its value, so it is not written. */
function differs(object: Members, key: string, value: unknown): boolean {
  const member = Object.getOwnPropertyDescriptor(object, key);
  return !member || ('value' in member && !Object.is(member.value, value));
}

/** The members of all plain objects and arrays of a value. Map-like containers of Velox undo their own writes. */
class Backup {
  readonly #members = new Map<Container, Container>();

  constructor(value: unknown) {
    const open = [value];
    while (open.length > 0) {
      const container = open.pop();
      if (!isPlain(container) || this.#members.has(container)) continue;
      this.#members.set(container, Array.isArray(container) ? container.slice() : { ...container });
      for (const member of Object.values(container)) if (isContainer(member)) open.push(member);
    }
  }

  /** Whether a member was added, removed or written since. */
  isOutdated(): boolean {
    for (const [container, members] of this.#members) {
      const [now, then] = [Object.keys(container), Object.keys(members)];
      if (container.length !== members.length || now.length !== then.length) return true;
      for (const key of then) if (differs(container as Members, key, (members as Members)[key])) return true;
    }
    return false;
  }

  restore(): void {
    for (const [container, members] of this.#members) assign(container, members);
  }
}
