import { isIPv6 } from 'node:net';
import {
  addressInRange,
  canonicalIpAddress,
  formatIpAddress,
  isInRange,
  isIpv4Mapped,
  parseAddressRange,
  parseIpAddress,
} from '../../lib/ip-address.ts';

// RFC 5952 sections 2 and 4, and texts that are not addresses
it.each([
  ['10.20.0.11', '10.20.0.11'],
  ['255.255.255.255', '255.255.255.255'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0db8::0001', '2001:db8::1'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:DB8::AB', '2001:db8::ab'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['::ffff:10.0.0.1', undefined],
  ['::ffff:a00:1', undefined],
  ['fe80::1%eth0', undefined],
  ['[::1]', undefined],
  ['10.0.0.01', undefined],
  ['10.0.0', undefined],
  ['10.0.0.256', undefined],
  ['0x0a.0.0.1', undefined],
  ['10.0.0.1 ', undefined],
  ['1:2:3', undefined],
  ['::1::', undefined],
  ['', undefined],
])('%j is %s in canonical form', (text, canonical) => {
  expect(canonicalIpAddress(text)).toBe(canonical);
});

it('every pattern of zero groups is the same after writing and reading', () => {
  for (let pattern = 0; pattern < 256; pattern++) {
    const octets = Uint8Array.from({ length: 16 }, (_, i) => (pattern >> (i >> 1)) & i & 1);
    const text = formatIpAddress(octets);
    expect(isIPv6(text)).toBe(true);
    expect(parseIpAddress(text)).toEqual(octets);
  }
});

it.each([
  ['::ffff:10.0.0.1', true],
  ['::fffe:10.0.0.1', false],
  ['::10.0.0.1', false],
  ['10.0.0.1', false],
])('%s is mapped: %s', (text, mapped) => {
  expect(isIpv4Mapped(parseIpAddress(text) ?? new Uint8Array())).toBe(mapped);
});

it.each([
  ['10.0.0.0/33'],
  ['fd00::/129'],
  ['10.0.0.0'],
  ['10.0.0.0/'],
  ['10.0.0.0/-1'],
  ['/8'],
  ['10.0.0.0/8/8'],
  ['10.0.0.0/8 '],
  ['example.com/8'],
])('%j is not a range', (text) => {
  expect(parseAddressRange(text)).toBeUndefined();
});

it.each([
  ['10.20.0.0/16', '10.20.255.255', true],
  ['10.20.0.0/16', '10.21.0.0', false],
  ['10.20.0.128/25', '10.20.0.127', false],
  ['10.20.0.128/25', '10.20.0.200', true],
  ['10.20.0.77/25', '10.20.0.1', true],
  ['0.0.0.0/0', '255.0.0.1', true],
  ['0.0.0.0/0', '::1', false],
  ['10.0.0.1/32', '10.0.0.2', false],
  ['fd00::/64', 'fd00::ffff', true],
  ['fd00::/64', 'fd00:0:0:1::', false],
  ['fd00::/7', 'fc00::1', true],
])('%s holds %s: %s', (range, address, holds) => {
  expect(isInRange(octetsOf(address), rangeOf(range))).toBe(holds);
});

it.each([
  ['10.96.0.0/12', 1, '10.96.0.1'],
  ['10.99.3.4/12', 1, '10.96.0.1'],
  ['10.96.0.0/12', 10, '10.96.0.10'],
  ['10.0.0.0/8', 256, '10.0.1.0'],
  ['172.30.255.0/24', 300, '172.31.0.44'],
  ['fd00:30::/112', 1, 'fd00:30::1'],
])('%s: address %i is %s, as in kubeadm', (range, index, address) => {
  expect(formatIpAddress(addressInRange(rangeOf(range), index))).toBe(address);
});

function rangeOf(text: string) {
  const range = parseAddressRange(text);
  if (!range) throw new Error(`${text} is not a range`);
  return range;
}

function octetsOf(text: string): Uint8Array {
  const octets = parseIpAddress(text);
  if (!octets) throw new Error(`${text} is not an address`);
  return octets;
}
