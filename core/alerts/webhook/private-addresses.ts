import type { LookupAddress, LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { BackupError } from '../../model/errors.ts';

/** As the IANA registries of special-purpose addresses have them (RFC 6890), with multicast and what is reserved. */
const PRIVATE_IPV4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Tunnels among them (Teredo, 6to4, local NAT64): an IPv4 address hides in theirs. */
const PRIVATE_IPV6: [string, number][] = [
  ['::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/** Under which a network without IPv4 reaches all of IPv4 (RFC 6052); the IPv4 address is its last 32 bits. */
const NAT64 = '64:ff9b::';

const PRIVATE = new BlockList();
for (const [network, bits] of PRIVATE_IPV4) {
  // Holds for ::ffff:<IPv4> as well: BlockList sees to it.
  PRIVATE.addSubnet(network, bits, 'ipv4');
  PRIVATE.addSubnet(NAT64 + network, 96 + bits, 'ipv6');
}
for (const [network, bits] of PRIVATE_IPV6) PRIVATE.addSubnet(network, bits, 'ipv6');

/** Also what is no address at all, as nobody can tell where that leads. */
export function isPrivateAddress(address: string): boolean {
  const version = isIP(address);
  return version === 0 || PRIVATE.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Of a URL whose host is an address: nothing is looked up for it. The parser of URLs has made it canonical (2130706433
 * is 127.0.0.1).
 * @throws not-delivered
 */
export function assertNoPrivateLiteral({ hostname }: URL): void {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) !== 0 && isPrivateAddress(address)) throw refusal(`${address} is a private address`);
}

/** All addresses of a name. */
export type Resolve = (hostname: string, options: LookupAllOptions) => Promise<LookupAddress[]>;

/** What a connection is made by: it goes to the very addresses that were checked, whatever the name says a moment later. */
export function publicLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true })
      .then((addresses) => onlyPublic(hostname, addresses))
      .then(
        ([first, ...others]) =>
          options.all ? callback(null, [first, ...others]) : callback(null, first.address, first.family),
        (error: Error) => callback(error, []),
      );
  };
}

function onlyPublic(hostname: string, addresses: LookupAddress[]): [LookupAddress, ...LookupAddress[]] {
  const [first, ...others] = addresses;
  if (!first) throw refusal(`${hostname} has no address`);
  const found = addresses.find(({ address }) => isPrivateAddress(address));
  if (found) throw refusal(`${hostname} resolves to ${found.address}, a private address`);
  return [first, ...others];
}

function refusal(reason: string): BackupError {
  return new BackupError('not-delivered', reason, {
    hint: 'Use a webhook with a public address, or allow private ones where the receiver is meant to be in your network.',
  });
}
