import type { ConnectOptions } from '../connect/connect.js';
import { isContainer } from '../protocol/container.js';
import { advise } from './advise.js';

/**
 * Warns if a connection that is shared already is asked for with other options.
 *
 * @param first has those of its first user, which apply
 */
export function noteSharedOptions(
  first: { readonly options: ConnectOptions },
  url: string,
  options: ConnectOptions,
): void {
  const applied = first.options;
  const ignored = (Object.keys(options) as (keyof ConnectOptions)[]).filter(
    (name) => options[name] !== undefined && !isAlike(options[name], applied[name]),
  );
  if (!ignored.length) return;
  const { host, pathname } = new URL(url);
  const names = ignored.map((name) => `"${name}"`).join(', ');
  advise(
    `shared ${host}${pathname} ${names}`,
    `the connection to ${host}${pathname} is shared, and its first user gave other options. Ignored here: ${names}. ` +
      'Give the same options everywhere, or an `identity` of its own.',
  );
}

/** Functions and instances may be written inline, so any two are alike. Plain objects are compared by member, lists by place. */
function isAlike(a: unknown, b: unknown): boolean {
  if (typeof a === 'function') return typeof b === 'function';
  if (!isContainer(a) || !isContainer(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => isAlike(a[key], b[key]));
}
