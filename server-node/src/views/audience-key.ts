import { VeloxError } from '@velox/core/protocol';

/**
 * The JSON text of an audience, the same for equal audiences in any order of their keys. As in JSON, undefined members are left out,
 * and undefined items are null.
 *
 * @throws VeloxError `not-json` for a value that JSON would lose or change: a promise, undefined, NaN, a Map, an instance of a class.
 */
export function audienceKey(audience: unknown): string {
  if (typeof audience === 'string' || typeof audience === 'boolean' || audience === null)
    return JSON.stringify(audience);
  if (typeof audience === 'number' && Number.isFinite(audience)) return JSON.stringify(audience);
  if (Array.isArray(audience))
    return `[${audience.map((item: unknown) => audienceKey(item ?? null)).join(',')}]`;
  if (!isPlain(audience)) {
    throw new VeloxError(
      'not-json',
      `an audience is ${nameOf(audience)}. Return a string, or plain JSON, and no promise.`,
    );
  }
  const members = Object.keys(audience)
    .filter((key) => audience[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${audienceKey(audience[key])}`);
  return `{${members.join(',')}}`;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `the ${typeof value} ${String(value)}`;
  return `an instance of ${(value.constructor as { name?: string } | undefined)?.name ?? 'a class'}`;
}
