import type { Key } from '../copy.js';

/** An object or array of a value. */
export type Container = Record<string, unknown> | unknown[];

export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

export function hasOwn(target: object, key: Key): boolean {
  return Object.prototype.hasOwnProperty.call(target, key);
}

export function read(target: object, key: Key): unknown {
  return (target as Record<Key, unknown>)[key];
}
