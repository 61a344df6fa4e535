import { checkEntity } from '#development';
import { createEventConnection } from '../connection/connection.js';
import type { Replica } from '../replicas/replica.js';
import type { SharedOptions, Source } from './registry.js';

/** The source of an entity's rows: a URL, or an object with `url` and options. */
export type EntitySource = string | (SharedOptions & { readonly url: string });

let waiting: Replica<never> | undefined;

/** A replica without a value, which asks for nothing. */
const nothing = (): Replica<never> =>
  (waiting ??= createEventConnection({ url: '', transports: [] }).replica<never>());

/**
 * Returns the source of the row `<type>/<id>`. While `id` is null or undefined, it is a replica without a value that asks for nothing.
 *
 * @example replicaOf(entityOf<Item>('/sync', 'items', 7)).get()
 */
export function entityOf<T>(
  source: EntitySource,
  type: string,
  id: string | number | null | undefined,
): Source<T> {
  if (id === undefined || id === null) return nothing();
  const { url, ...options } = typeof source === 'string' ? { url: source } : source;
  checkEntity(url, type, id);
  return { ...options, url, topic: `${type}/${id}` };
}
