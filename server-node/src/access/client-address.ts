import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';

/** A request, as far as it shows its sender. */
export interface Sender {
  readonly request: IncomingMessage | Request;
  readonly header: (name: string) => string | undefined;
  /** The key of its address; present if the request itself was not kept. */
  readonly addressKey?: string | undefined;
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
  return groupsOf(plain)
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':');
}

/** 127.0.0.0/8, 10.0.0.0/8, 192.168.0.0/16, 169.254.0.0/16, 172.16.0.0/12 and 100.64.0.0/10. */
const LOCAL_IPV4 =
  /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

/**
 * Whether an address is of this machine or its own network, so no peer in the Internet has it. Proxies often have such an address. A
 * BlockList of Node would cost more than the rest of a handshake.
 */
export function isLocal(address: string): boolean {
  const plain = withoutPort(address);
  if (isIPv4(plain)) return LOCAL_IPV4.test(plain);
  const groups = groupsOf(plain);
  const [first = 0] = groups;
  if ((first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80) return true; // fc00::/7 and fe80::/10
  return groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1; // ::1
}

/** The eight groups of an IPv6 address (RFC 4291 §2.2). */
function groupsOf(address: string): number[] {
  const [head, tail] = (address.split('%')[0] as string).split('::').map(groupsIn);
  const gap = tail ? 8 - (head?.length ?? 0) - tail.length : 0;
  return [...(head ?? []), ...Array<number>(Math.max(0, gap)).fill(0), ...(tail ?? [])];
}

function groupsIn(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return parseInt(group, 16);
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

/** Proxies write `1.2.3.4:5678` and `[::1]:80`. Node shows an IPv4 peer of an IPv6 socket as `::ffff:1.2.3.4`. */
function withoutPort(address: string): string {
  if (isIPv4(address)) return address;
  const bare = /^\[([^\]]*)\]/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
  return mappedIPv4(bare) ?? bare;
}

/** The IPv4 address in an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2). Some proxies write it as hexadecimal groups. */
function mappedIPv4(address: string): string | undefined {
  if (!/:ffff:/i.test(address) || !isIPv6(address)) return undefined;
  const [a, b, c, d, e, mark, high = 0, low = 0] = groupsOf(address);
  if ([a, b, c, d, e].some((group) => group !== 0) || mark !== 0xffff) return undefined;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
