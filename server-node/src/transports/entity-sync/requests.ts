import { UNSOUND } from '@velox/core/protocol';

/** A message of an entity-sync client. */
export type RowRequest =
  | { readonly is: 'subscribe' | 'unsubscribe'; readonly entity: string; readonly id: string }
  | { readonly is: 'secret'; readonly secret: string }
  /** It has no action and is for the application. */
  | { readonly is: 'passed' }
  /** It is ignored, for a reason that the log names. */
  | { readonly is: 'unknown'; readonly why: string };

/**
 * Reads a message. As in the original, an empty action counts as none.
 *
 * @param longest the most bytes that the name of a topic may have
 */
export function requestOf(text: string, longest: number): RowRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return unknown('is not JSON');
  }
  if (!isObject(parsed)) return unknown('is no object');
  const { action, body } = parsed;
  if (action === undefined || action === '') return { is: 'passed' };
  if (action === 'secret') {
    return typeof body === 'string'
      ? { is: 'secret', secret: body }
      : unknown('has a secret that is no text');
  }
  if (action !== 'subscribe' && action !== 'unsubscribe') return unknown('has an unknown action');
  const { entity, id } = isObject(body) ? body : {};
  // `items` with the id `a/b` and `items/a` with the id `b` would be one topic.
  if (typeof entity !== 'string' || entity === '' || entity.includes('/') || typeof id !== 'string') {
    return unknown('names no row: `entity` is text without a slash, and `id` is text');
  }
  const topic = `${entity}/${id}`;
  if (UNSOUND.test(topic)) return unknown('names a row with half a surrogate pair or a control character');
  if (Buffer.byteLength(topic) > longest)
    return unknown('names a row whose topic is longer than limits.topic');
  return { is: action, entity, id };
}

const unknown = (why: string): RowRequest => ({ is: 'unknown', why });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
