import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Addresses that no peer in the Internet has: those of this machine or its own network. A proxy often has one. */
const LOCAL = new BlockList();
for (const [net, prefix, family] of [
  ['127.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
] as const)
  LOCAL.addSubnet(net, prefix, family);

/** A request, as far as it shows its sender. */
interface Sender {
  readonly request: IncomingMessage | Request;
  readonly header: (name: string) => string | undefined;
}

/**
 * Returns the key of the address that sent a request, for limits: an IPv4 address, or the /64 of an IPv6 address.
 *
 * @param trustProxy how many proxies stand in front: each appended its peer to `X-Forwarded-For`. Undefined: it is not known. Then local
 * addresses have no key, because a proxy may stand for all clients, and the header is not read, because a client may have written it.
 * @returns undefined if no address is known
 */
export function clientAddress(sender: Sender, trustProxy?: number): string | undefined {
  const address = senderAddress(sender, trustProxy);
  if (address === undefined) return undefined;
  if (trustProxy) return addressKey(address) ?? 'invalid';
  return trustProxy === undefined && isLocal(address) ? undefined : addressKey(address);
}

/** Returns the address that sent a request, in its usual form and without a port; undefined if none is known. */
export function senderAddress({ request, header }: Sender, trustProxy = 0): string | undefined {
  const peer = 'socket' in request ? request.socket.remoteAddress : undefined;
  if (trustProxy === 0) return peer && withoutPort(peer);
  const forwarded = header('x-forwarded-for')?.split(',').slice(-MOST_HOPS) ?? [];
  const hops = [...forwarded, ...(peer === undefined ? [] : [peer])];
  const given = hops.at(-1 - trustProxy) ?? hops[0];
  return given === undefined ? undefined : withoutPort(given.trim());
}

/** The most entries of `X-Forwarded-For` that are read, from the last one on: only proxies write those. */
const MOST_HOPS = 100;

/** One text for all forms of an IPv4 address, and for all addresses of an IPv6 /64. Undefined: it is no address. */
export function addressKey(address: string): string | undefined {
  const plain = withoutPort(address);
  if (isIPv4(plain)) return plain;
  if (!isIPv6(plain)) return undefined;
  const [head = '', tail] = (plain.split('%')[0] as string).split('::');
  const groups = (text = ''): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail)];
  const gap = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const all = [...before, ...Array<string>(gap).fill('0'), ...after];
  return all
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}

function isLocal(address: string): boolean {
  const plain = withoutPort(address);
  return LOCAL.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
}

/** Proxies write `1.2.3.4:5678` and `[::1]:80`. Node shows an IPv4 peer of an IPv6 socket as `::ffff:1.2.3.4`. */
function withoutPort(address: string): string {
  const bare = /^\[([^\]]*)\]/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
  return /^::ffff:([\d.]+)$/i.exec(bare)?.[1] ?? bare;
}
