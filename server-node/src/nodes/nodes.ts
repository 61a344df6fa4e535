import type { Backplane } from '../cluster/bus.js';
import { withParts } from '../cluster/bus-parts.js';
import type { Elsewhere } from '../http/elsewhere.js';
import type { Hub } from '../hub/hub.js';
import { Casts } from './casts.js';
import { Forwarding } from './forwarding.js';
import { Interests } from './interests.js';
import { relayNotifications } from './notifications.js';

/** Makes a hub a node of the cluster that shares its backplane. Returns the other nodes; undefined without a backplane. */
export function nodesOf(hub: Hub, backplane: Backplane | undefined): Elsewhere | undefined {
  const { node } = hub;
  if (!backplane || node === undefined) return undefined;
  const bus = withParts(backplane.bus);
  const interests = new Interests(bus);
  new Casts(hub, node, bus, interests);
  relayNotifications(hub, node, bus, interests);
  const forwarding = new Forwarding(hub, node, bus);
  return {
    hasSession: (id) => forwarding.hasSession(id),
    forward: (...exchange) => forwarding.forward(...exchange),
    async close() {
      interests.close();
      await forwarding.close();
    },
  };
}
