import { Server } from 'node:net';

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/** By server, until it listens again. */
const known = new WeakMap<Server, boolean>();

/**
 * Whether a server listens on a loopback address, so that all its peers are programs of this machine: usually a proxy. To ask the system
 * for the address of a peer would cost a twentieth of its handshake.
 *
 * @param server Node's `socket.server`
 */
export function isOnLoopback(server: unknown): boolean {
  if (!(server instanceof Server)) return false;
  let isOn = known.get(server);
  if (isOn === undefined) {
    const bound = server.address();
    isOn = typeof bound === 'object' && LOOPBACK.test(bound?.address ?? '');
    known.set(server, isOn);
    server.once('listening', () => known.delete(server));
  }
  return isOn;
}
