import type { RowRequest } from '../../../src/transports/entity-sync/requests.js';
export * from '../../../src/transports/entity-sync/requests.js';

/** A message of an entity-sync client is read without a look at its type. */
export function requestOf(text: string): RowRequest {
  const { action, body } = JSON.parse(text) as { action: string; body: { entity: string; id: string } };
  if (action !== 'subscribe' && action !== 'unsubscribe') return { is: 'passed' };
  return { is: action, entity: body.entity, id: body.id };
}
