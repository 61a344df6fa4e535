import { apply, VeloxError, type Operation } from '@velox/core/protocol';
import type { Recorder } from '../../recording/recorder.js';
import { isContainer } from '../../recording/tree/container.js';

type Key = string | number;
type Parent = Record<Key, unknown>;
type Step = Operation & { readonly from?: string; readonly value?: unknown };

/**
 * Changes a recorder's value by a JSON Patch (RFC 6902). Recorded like a recipe, so untouched parts keep their references and hashes.
 *
 * @throws VeloxError `bad-patch`, `unsafe-key`. The value is then as it was.
 */
export function applyInPlace(recorder: Recorder<unknown>, patch: string): void {
  const steps = JSON.parse(patch) as readonly Step[];
  const [only] = steps;
  if (steps.length === 1 && only?.op === 'replace' && only.path === '') recorder.reconcile(only.value);
  else if (steps.every(isPlain))
    recorder.update((draft) => steps.forEach((step) => run(draft as Parent, step)));
  else recorder.reconcile(apply(recorder.value, steps)); // another writer than Velox made them
}

/** Whether a recorder writes steps of this kind, and the step is below the root. */
function isPlain({ op, path, from }: Step): boolean {
  if (op === 'move') return path !== '' && from !== '' && path !== from && !path.startsWith(`${from}/`);
  return path !== '' && (op === 'add' || op === 'remove' || op === 'replace');
}

function run(root: Parent, step: Step): void {
  if (step.op === 'move') return insert(root, step.path, take(root, step.from));
  if (step.op === 'remove') return void take(root, step.path);
  if (step.value === undefined) throw refused();
  if (step.op === 'add') return insert(root, step.path, step.value);
  const { parent, key } = locate(root, step.path);
  if (!Object.hasOwn(parent, key)) throw refused();
  parent[key] = step.value;
}

function take(root: Parent, path: string): unknown {
  const { parent, key } = locate(root, path);
  if (!Object.hasOwn(parent, key)) throw refused();
  if (Array.isArray(parent)) return (parent as unknown[]).splice(key as number, 1)[0];
  const value = parent[key];
  delete parent[key];
  return value;
}

function insert(root: Parent, path: string, value: unknown): void {
  const { parent, key } = locate(root, path);
  if (!Array.isArray(parent)) parent[key] = value;
  else if ((key as number) <= parent.length) parent.splice(key as number, 0, value);
  else throw refused();
}

/** Finds the container of a member, and the member's key in it. */
function locate(root: Parent, path: string): { readonly parent: Parent; readonly key: Key } {
  const [empty, ...parts] = path.split('/');
  const last = parts.pop();
  if (empty !== '' || last === undefined) throw refused();
  let parent = root;
  for (const part of parts) {
    const key = keyOf(parent, part);
    if (!isContainer(parent) || !Object.hasOwn(parent, key)) throw refused();
    parent = parent[key] as Parent;
  }
  if (!isContainer(parent)) throw refused();
  return { parent, key: keyOf(parent, last) };
}

function keyOf(parent: unknown, part: string): Key {
  if (!Array.isArray(parent)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (key === '__proto__' || key === 'constructor' || key === 'prototype') {
      throw new VeloxError('unsafe-key', `a revision of the log writes to "${key}". Remove its writer.`);
    }
    return key;
  }
  if (part === '-') return parent.length;
  if (!/^(0|[1-9]\d*)$/.test(part)) throw refused();
  return Number(part);
}

function refused(): VeloxError {
  return new VeloxError(
    'bad-patch',
    'a revision of the log does not fit its version. Look for a foreign writer.',
  );
}
