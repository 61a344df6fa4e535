import type { Operation } from '@velox/core/protocol';

/** A JSON object. */
type Members = Readonly<Record<string, unknown>>;

/** A JSON Merge Patch (RFC 7396) of an object: null removes a member, an object merges, anything else replaces. */
export type MergePatch = Record<string, unknown>;

/** velox.js stops applying a patch at these keys. */
const UNSAFE = new Set(['__proto__', 'constructor', 'prototype']);

/** A place that the patch sets, or an object that it goes into. */
type Branch = { readonly value: unknown } | Map<string, Branch>;

/**
 * Turns the operations of a step into a merge patch: for each path that they write, the value *after* the step.
 *
 * @returns undefined if no merge patch says the same to the clients of version 2: the value would gain a null, an object takes
 *   the place of an object, or a key is unsafe.
 */
export function toMergePatch(
  before: Members,
  after: Members,
  operations: readonly Operation[],
): MergePatch | undefined {
  const root = new Map<string, Branch>();
  for (const operation of operations) {
    if (operation.op === 'test') continue;
    if (!mark(root, keysOf(operation.path), before, after)) return undefined;
    if (operation.op === 'move' && !mark(root, keysOf(operation.from), before, after)) return undefined;
  }
  return patchOf(root);
}

/** Adds the place that a path leads to: the member itself, or the first array on the way. Returns whether a merge patch can say it. */
function mark(root: Map<string, Branch>, keys: readonly string[], before: Members, after: Members): boolean {
  let branch = root;
  let old = before;
  let now = after;
  for (const [depth, key] of keys.entries()) {
    if (UNSAFE.has(key)) return false;
    const known = branch.get(key);
    if (known && !(known instanceof Map)) return true;
    const former = member(old, key);
    const value = member(now, key);
    if (depth === keys.length - 1 || !isObject(value) || !isObject(former)) {
      return markPlace(branch, key, old, now);
    }
    const next = known ?? new Map<string, Branch>();
    branch.set(key, next);
    branch = next;
    old = former;
    now = value;
  }
  return false; // the root is an object, and an object takes its place
}

function markPlace(branch: Map<string, Branch>, key: string, old: Members, now: Members): boolean {
  const former = member(old, key);
  const value = member(now, key);
  if (value === undefined) {
    // json-merge-patch, which velox.js uses, removes a member by calling the object's own `hasOwnProperty`.
    if (Object.hasOwn(old, 'hasOwnProperty') || Object.hasOwn(now, 'hasOwnProperty')) return false;
    if (former !== undefined) branch.set(key, { value: null });
    return true;
  }
  if ((isObject(value) && isObject(former)) || !isMergeable(value)) return false;
  branch.set(key, { value });
  return true;
}

function patchOf(branch: Map<string, Branch>): MergePatch {
  const entries = [...branch].map(([key, each]) => [key, each instanceof Map ? patchOf(each) : each.value]);
  return Object.fromEntries(entries) as MergePatch;
}

/** Whether both clients take a value from a merge patch as it is. Lists replace lists, so the members of a list
 * are safe. */
function isMergeable(value: unknown): boolean {
  if (value === null) return false;
  if (!isObject(value)) return true;
  return Object.entries(value).every(([key, each]) => !UNSAFE.has(key) && isMergeable(each));
}

/**
 * Finds the places where a list became an object or the reverse. velox.js keeps the old container there when it gets the whole
 * value, so that a merge patch has to come first.
 *
 * @returns the merge patch, without the nulls that it cannot carry; undefined if there is no such place, `unsafe` if the key of one is
 */
export function toKindPatch(before: Members, after: Members): MergePatch | 'unsafe' | undefined {
  const entries: [string, unknown][] = [];
  for (const [key, value] of Object.entries(after)) {
    const former = member(before, key);
    if (!hasOtherKind(former, value)) continue;
    if (UNSAFE.has(key)) return 'unsafe';
    if (isObject(former) && isObject(value)) {
      const inner = toKindPatch(former, value);
      if (inner === 'unsafe') return inner;
      entries.push([key, inner]);
    } else entries.push([key, withoutNulls(value)]);
  }
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** Leaves out the members that hold a list which became an object, or the reverse: what velox.js drops, it creates again. */
export function withoutOtherKinds(before: Members, after: Members): Members {
  const kept = Object.entries(after).flatMap(([key, value]) => {
    const former = member(before, key);
    if (!hasOtherKind(former, value)) return [[key, value]];
    return isObject(former) && isObject(value) ? [[key, withoutOtherKinds(former, value)]] : [];
  });
  return Object.fromEntries(kept) as Members;
}

function hasOtherKind(former: unknown, value: unknown): boolean {
  if (former === value || !isContainer(former) || !isContainer(value)) return false;
  if (Array.isArray(former) !== Array.isArray(value)) return true;
  return Object.entries(value).some(([key, each]) => hasOtherKind(member(former, key), each));
}

function withoutNulls(value: unknown): unknown {
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([key, each]) => each !== null && !UNSAFE.has(key));
  return Object.fromEntries(kept.map(([key, each]) => [key, withoutNulls(each)]));
}

/** The keys of a JSON Pointer (RFC 6901). */
function keysOf(pointer: string): string[] {
  const [, ...keys] = pointer.split('/');
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function member(container: object, key: string): unknown {
  return Object.hasOwn(container, key) ? (container as Members)[key] : undefined;
}

function isContainer(value: unknown): value is Members {
  return typeof value === 'object' && value !== null;
}

/** Whether a value is a JSON object, not a list. */
export function isObject(value: unknown): value is Members {
  return isContainer(value) && !Array.isArray(value);
}
