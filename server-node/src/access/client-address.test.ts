import type { IncomingMessage } from 'node:http';
import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressKey, clientAddress, isLocal } from './client-address.js';

describe('addressKey', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:5678', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['::FFFF:CB00:7107', '203.0.113.7'],
    ['[::ffff:cb00:7107]:443', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['0000:0000:0000:0000:0000:ffff:cb00:7107', '203.0.113.7'],
    ['2001:db8:1:2:3:ffff:cb00:7107', '2001:db8:1:2'],
    ['::ffff:203.0.113.999', undefined],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2'],
    ['[2001:db8:1:2::9]:443', '2001:db8:1:2'],
    ['2001:db8::', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
    ['unknown', undefined],
    ['203.0.113.999', undefined],
    ['', undefined],
  ])('gives %s the key %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

/** A request of that peer with these entries of `X-Forwarded-For`. */
function sender(peer: string | undefined, forwarded?: string): Parameters<typeof clientAddress>[0] {
  const request = { socket: { remoteAddress: peer } } as IncomingMessage;
  return { request, header: (name) => (name === 'x-forwarded-for' ? forwarded : undefined) };
}

describe('clientAddress', () => {
  it.each<[string, string | undefined, string | undefined, number | undefined, string | undefined]>([
    ['a peer in the Internet has a key', '203.0.113.7', undefined, undefined, '203.0.113.7'],
    ['a forged header is not read', '203.0.113.7', '198.51.100.1', undefined, '203.0.113.7'],
    ['a local peer may be a proxy', '10.0.0.9', '198.51.100.1', undefined, undefined],
    ['this machine may be a proxy', '::ffff:127.0.0.1', undefined, undefined, undefined],
    ['a local peer counts if there is no proxy', '10.0.0.9', undefined, 0, '10.0.0.9'],
    ['a socket of the file system has no address', undefined, undefined, 0, undefined],
    ['one proxy: its peer is last', '10.0.0.9', '192.0.2.66, 198.51.100.1', 1, '198.51.100.1'],
    ['two proxies', '10.0.0.9', '192.0.2.66, 198.51.100.1, 10.0.0.8', 2, '198.51.100.1'],
    ['fewer entries than proxies', '10.0.0.9', '198.51.100.1', 3, '198.51.100.1'],
    ['one proxy that writes IPv4 as hexadecimal', '10.0.0.9', '::ffff:c633:6401', 1, '198.51.100.1'],
    ['no header: the peer came past the proxy', '203.0.113.7', undefined, 1, '203.0.113.7'],
    [
      'a client that sent many entries',
      '10.0.0.9',
      `${'192.0.2.66,'.repeat(200)}198.51.100.1`,
      1,
      '198.51.100.1',
    ],
    ['no address in the header', '10.0.0.9', 'what?', 1, 'invalid'],
  ])('%s', (_, peer, forwarded, hops, key) => {
    expect(clientAddress(sender(peer, forwarded), hops)).toBe(key);
  });

  it('knows clients of a web-standard server by the header alone', () => {
    const request = new Request('http://h/', { headers: { 'x-forwarded-for': '198.51.100.1' } });
    const header = (name: string): string | undefined => request.headers.get(name) ?? undefined;
    expect(clientAddress({ request, header })).toBeUndefined();
    expect(clientAddress({ request, header }, 1)).toBe('198.51.100.1');
  });
});

describe('isLocal', () => {
  const list = new BlockList();
  const nets: readonly [net: string, prefix: number, type: 'ipv4' | 'ipv6'][] = [
    ['127.0.0.0', 8, 'ipv4'],
    ['10.0.0.0', 8, 'ipv4'],
    ['172.16.0.0', 12, 'ipv4'],
    ['192.168.0.0', 16, 'ipv4'],
    ['169.254.0.0', 16, 'ipv4'],
    ['100.64.0.0', 10, 'ipv4'],
    ['::1', 128, 'ipv6'],
    ['fc00::', 7, 'ipv6'],
    ['fe80::', 10, 'ipv6'],
  ];
  for (const net of nets) list.addSubnet(...net);

  it('agrees with the BlockList of Node on every pair of first bytes of IPv4', () => {
    for (let bytes = 0; bytes < 65_536; bytes++) {
      const address = `${bytes >> 8}.${bytes & 255}.1.7`;
      if (isLocal(address) !== list.check(address)) expect.fail(address);
    }
  });

  it('agrees with the BlockList of Node on every first group of IPv6', () => {
    for (let group = 0; group < 65_536; group++) {
      for (const rest of ['::7', ':1:2:3:4:5:6:7']) {
        const address = `${group.toString(16)}${rest}`;
        if (isLocal(address) !== list.check(address, 'ipv6')) expect.fail(address);
      }
    }
  });

  it('agrees with the BlockList of Node on IPv6 addresses near its nets', () => {
    const group = fc.constantFrom('0', '1', 'ffff', 'fe80', 'febf', 'fc00', 'fc', '7f00', '7f', 'a00');
    const whole = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
    const tail = fc.oneof(
      group,
      fc.ipV4(),
      fc.tuple(group, group).map((pair) => pair.join(':')),
    );
    const short = fc
      .tuple(fc.constantFrom('', '0', '0:0', 'ffff', 'fe80'), fc.constantFrom('', 'ffff:', '0:'), tail)
      .map(([head, mapped, end]) => `${head}::${mapped}${end}`);
    fc.assert(
      fc.property(fc.oneof(whole, short, fc.ipV6()), (address) => {
        expect(isLocal(address)).toBe(list.check(address, 'ipv6'));
      }),
      { numRuns: 2_000 },
    );
  });

  it('ignores the zone of a link-local address', () => {
    expect(isLocal('fe80::1%eth0')).toBe(true);
  });
});
