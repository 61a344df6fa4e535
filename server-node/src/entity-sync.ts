/** Serves the clients of entity-sync, a Go library: rows by key over a WebSocket path of their own. */
import { coreOf } from './core-of.js';
import { synchronous } from './diagnostics/maybe-promise.js';
import { createEntitySync, type EntitySyncEndpoint, type EntitySyncOptions } from './http/entity-sync.js';
import { checkOptions } from './options.js';
import type { Hub } from './public-hub.js';
import type { Contract } from '@velox/core/protocol';
import type { SentRow } from './transports/entity-sync/link.js';

export type { EntitySyncEndpoint, EntitySyncOptions, SentRow };

/**
 * Serves entity-sync clients from a hub: the row of `entity` and `id` is the topic `<entity>/<id>`. Rights, origins and limits are those
 * of the hub. Credentials are those of the handshake; `secret` grants nothing.
 *
 * @example
 * const hub = velox.createHub()
 * const items = hub.entity('items', { fetch: (id) => db.items.find(id) })
 * entitySync(hub).attach(server)
 * @throws VeloxError `bad-option`.
 */
export function entitySync<C extends Contract, Context>(
  hub: Hub<C, Context>,
  options: EntitySyncOptions<Context> = {},
): EntitySyncEndpoint {
  checkOptions('entitySync()', options);
  const { initial = false, message, passThrough } = options as EntitySyncOptions;
  return createEntitySync(coreOf('entitySync()', hub), {
    initial,
    message: message && ((row) => synchronous(message(row), 'message() of entitySync()')),
    passThrough,
  });
}
