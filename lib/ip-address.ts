/** IP addresses as octets and in canonical text, so that they can be compared. */
import { isIPv4, isIPv6 } from 'node:net';

/** The 4 or 16 octets of an address in text form; undefined for anything else, also for zones (`fe80::1%eth0`). */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(2).map(Number);
    return parseIpAddress(
      `${dotted[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`,
    );
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((g) => parseInt(g, 16)));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((g) => [g >> 8, g & 0xff]));
}

/** Canonical text (RFC 5952) of 4 or 16 octets. */
export function formatIpAddress(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((octets[2 * i] ?? 0) << 8) | (octets[2 * i + 1] ?? 0)).toString(16),
  );
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(':');
  const head = groups.slice(0, run.start).join(':');
  return `${head}::${groups.slice(run.start + run.length).join(':')}`;
}

/**
 * Canonical text of an address in any text form; undefined for anything else. IPv4-mapped addresses are not accepted: Go
 * writes them into a CSR as IPv4, so a record that names one would never match.
 */
export function canonicalIpAddress(text: string): string | undefined {
  const known = canonical.get(text);
  if (known !== undefined) return known;
  const octets = parseIpAddress(text);
  if (!octets || isIpv4Mapped(octets)) return undefined;
  const found = formatIpAddress(octets);
  if (canonical.size >= MOST_CANONICAL) canonical.clear();
  canonical.set(text, found);
  return found;
}

/** The addresses of a cluster are compared for each of its certificates. An address is at most 45 characters long. */
const canonical = new Map<string, string>();
const MOST_CANONICAL = 4096;

/** An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`): programs disagree on whether it is IPv4 or IPv6. */
export function isIpv4Mapped(octets: Uint8Array): boolean {
  return (
    octets.length === 16 &&
    octets.subarray(0, 10).every((o) => o === 0) &&
    octets[10] === 0xff &&
    octets[11] === 0xff
  );
}

/** An address range in CIDR form. */
export interface AddressRange {
  readonly octets: Uint8Array;
  readonly prefixLength: number;
}

export function parseAddressRange(text: string): AddressRange | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const octets = match && parseIpAddress(match[1] ?? '');
  const prefixLength = Number(match?.[2]);
  return octets && prefixLength <= octets.length * 8 ? { octets, prefixLength } : undefined;
}

/** Text of a range, such as `10.20.8.0/22`. */
export function formatAddressRange({ octets, prefixLength }: AddressRange): string {
  return `${formatIpAddress(octets)}/${prefixLength}`;
}

/** A range of IPv4-mapped addresses as the IPv4 range, and any other range unchanged. */
export function unmappedRange(range: AddressRange): AddressRange {
  const { octets, prefixLength } = range;
  if (!isIpv4Mapped(octets) || prefixLength < 96) return range;
  return { octets: octets.subarray(12), prefixLength: prefixLength - 96 };
}

/** Of two ranges, either contains the other, or they have no address in common. */
export function rangesOverlap(one: AddressRange, other: AddressRange): boolean {
  const [wide, narrow] = one.prefixLength <= other.prefixLength ? [one, other] : [other, one];
  return isInRange(narrow.octets, wide);
}

export function isInRange(octets: Uint8Array, range: AddressRange): boolean {
  if (octets.length !== range.octets.length) return false;
  return octets.every((octet, i) => {
    const bits = Math.min(8, Math.max(0, range.prefixLength - 8 * i));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (octet & mask) === ((range.octets[i] ?? 0) & mask);
  });
}

/** The `index`th address of a range, like kubeadm's GetIndexedIP: index 1 of the service range is the API server's. */
export function addressInRange(range: AddressRange, index: number): Uint8Array {
  const out = Uint8Array.from(range.octets, (octet, i) => {
    const bits = Math.min(8, Math.max(0, range.prefixLength - 8 * i));
    return octet & ((0xff << (8 - bits)) & 0xff);
  });
  let carry = index;
  for (let i = out.length - 1; i >= 0 && carry > 0; i--) {
    const sum = (out[i] ?? 0) + carry;
    out[i] = sum & 0xff;
    carry = sum >> 8;
  }
  return out;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === '0') continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
