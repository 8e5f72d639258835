import type { LookupAddress } from 'node:dns';
import { expect, it } from 'vitest';
import {
  assertNoPrivateLiteral,
  isPrivateAddress,
  publicLookup,
} from '../../../../core/alerts/webhook/private-addresses.ts';

const V4 = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.0', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.9.9.9'],
  ...['169.254.169.254', '169.254.170.2', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.255.255'],
  ...['198.18.0.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
];
const PUBLIC_V4 = ['1.1.1.1', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'];
const MORE_PUBLIC_V4 = ['128.0.0.1', '169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '223.255.255.1'];

it.each([
  ...V4,
  ...V4.map((address) => `::ffff:${address}`),
  ...V4.map((address) => `64:ff9b::${address}`),
  ...['::', '::1', '::127.0.0.1', '::ffff:7f00:1', 'fc00::1', 'fdff::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0'],
  ...['febf::1', 'fec0::1', 'ff02::1', '2002:7f00:1::', '2001::1', '64:ff9b:1::1', '100::1'],
  ...['', 'localhost', '127.1', '2130706433'],
])('%s is private', (address) => expect(isPrivateAddress(address)).toBe(true));

it.each([
  ...PUBLIC_V4,
  ...MORE_PUBLIC_V4,
  ...PUBLIC_V4.map((address) => `::ffff:${address}`),
  ...['2606:4700:4700::1111', '2a00:1450::1', '2001:4860:4860::8888', '64:ff9b::8.8.8.8', 'fbff::1'],
])('%s is public', (address) => expect(isPrivateAddress(address)).toBe(false));

it.each([
  ...['http://127.0.0.1', 'http://2130706433', 'http://0x7f000001', 'http://0177.0.0.1', 'http://127.1', 'http://0'],
  ...['http://[::1]', 'http://[::ffff:10.0.0.1]', 'http://169.254.169.254/latest', 'http://[fd00:ec2::254]:80/'],
])('%s leads to a private address', (url) => {
  expect(() => assertNoPrivateLiteral(new URL(url))).toThrow('is a private address');
});

it.each(['http://1.1.1.1', 'http://[2606:4700::1]', 'http://example.org', 'http://10.example.org'])(
  '%s does not name a private address',
  (url) => expect(() => assertNoPrivateLiteral(new URL(url))).not.toThrow(),
);

const PUBLIC: LookupAddress = { address: '1.1.1.1', family: 4 };
const PRIVATE: LookupAddress = { address: '127.0.0.1', family: 4 };

/** As a connection looks up its host. */
function lookUp(answers: LookupAddress[][], all: boolean): Promise<unknown> {
  const lookup = publicLookup(async () => answers.shift() ?? expect.fail('The name was looked up once more.'));
  return new Promise((resolve, reject) => {
    lookup('hooks.example', { all }, (error, ...found) => (error ? reject(error) : resolve(found)));
  });
}

it('hands over the very addresses that were checked, and asks for them once', async () => {
  const other = { address: '2606:4700::1', family: 6 };
  const rebinding = () => [[PUBLIC, other], [PRIVATE]];
  expect(await lookUp(rebinding(), true)).toEqual([[PUBLIC, other]]);
  expect(await lookUp(rebinding(), false)).toEqual(['1.1.1.1', 4]);
});

it.each([true, false])('refuses a name with one private address, also as the last (all: %s)', async (all) => {
  const refused = 'hooks.example resolves to 127.0.0.1, a private address';
  await expect(lookUp([[PUBLIC, PRIVATE]], all)).rejects.toThrow(refused);
  await expect(lookUp([[]], all)).rejects.toThrow('hooks.example has no address');
});
