import type { Backplane } from '../cluster/bus.js';
import { withParts } from '../cluster/bus-parts.js';
import { waitAtMost } from '../diagnostics/deadlines.js';
import type { Elsewhere } from '../http/elsewhere.js';
import type { Hub } from '../hub/hub.js';
import { Arrivals } from './arrivals.js';
import { CallsElsewhere } from './calls-elsewhere.js';
import { Casts } from './casts.js';
import { Departures } from './departures.js';
import { Forwarding } from './forwarding.js';
import { guardedBus, ignoreMessage } from './guarded-bus.js';
import { Interests } from './interests.js';
import { Letters } from './letters.js';
import { NamesAcross } from './names-across.js';
import { relayNotifications } from './notifications.js';
import { Peers } from './peers.js';
import { PresenceAcross } from './presence-across.js';
import { Recipients } from './recipients.js';
import { RemoteCalls } from './remote-calls.js';

/** How long the engine may take to carry the goodbye of a node, in ms. */
const LEAVE_MS = 2_000;

/** Makes a hub a node of the cluster that shares its backplane. Returns the other nodes; undefined without a backplane. */
export function nodesOf(hub: Hub, backplane: Backplane | undefined): Elsewhere | undefined {
  const { node } = hub;
  if (!backplane || node === undefined) return undefined;
  const bus = guardedBus(hub, withParts(backplane.bus));
  const interests = new Interests(bus);
  // Letters subscribe first: the others may write to this node when they have heard its lease.
  const letters = new Letters(node, bus, (error, subject) => ignoreMessage(hub, subject, error));
  const peers = new Peers(node, bus);
  peers.onGone((gone) => letters.forget(gone));
  const casts = new Casts(hub, node, bus, interests, peers);
  relayNotifications(hub, node, bus, interests);
  const presence = new PresenceAcross(hub, bus, interests, letters, casts, peers);
  const forwarding = new Forwarding(hub, letters, peers);
  const calls = new CallsElsewhere(hub, letters, peers);
  const asker = { letters, peers };
  const names = new NamesAcross(hub, letters, peers, casts);
  const remoteCalls: RemoteCalls = new RemoteCalls(hub, asker, (own) => departures.nextOf(own));
  const departures: Departures = new Departures(hub, asker, casts, calls, names, remoteCalls);
  new Arrivals(hub, asker, casts, departures, calls, names);
  const recipients = new Recipients(hub, asker, departures, remoteCalls);
  hub.messaging.relay = {
    cast: (...given) => casts.cast(...given),
    sessions: (...given) => recipients.sessions(...given),
    count: (to) => recipients.count(to),
    call: (...given) => recipients.call(...given),
  };
  return {
    hasSession: (id) => forwarding.hasSession(id),
    forward: (...exchange) => forwarding.forward(...exchange),
    async close() {
      interests.close();
      calls.close();
      remoteCalls.close();
      departures.close();
      presence.close();
      forwarding.close();
      // While the engine is away, a publication or a subscription may never settle.
      await waitAtMost(
        peers.close().then(() => letters.close()),
        LEAVE_MS,
      );
    },
  };
}
