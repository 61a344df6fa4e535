import type { Backplane } from '../cluster/bus.js';
import { withParts } from '../cluster/bus-parts.js';
import type { Elsewhere } from '../http/elsewhere.js';
import type { Hub } from '../hub/hub.js';
import { Forwarding } from './forwarding.js';

/** Makes a hub a node of the cluster that shares its backplane. Returns the other nodes; undefined without a backplane. */
export function nodesOf(hub: Hub, backplane: Backplane | undefined): Elsewhere | undefined {
  const { node } = hub;
  if (!backplane || node === undefined) return undefined;
  return new Forwarding(hub, node, withParts(backplane.bus));
}
