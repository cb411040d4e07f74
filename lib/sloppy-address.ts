/**
 * Addresses as Kubernetes reads them from configuration files: with leading zeros, which are not octal
 * (k8s.io/utils/net, ParseIPSloppy and ParseCIDRSloppy). An IPv4-mapped address is the IPv4 address, as in Go's net.IP.
 */
import { formatIpAddress, isIpv4Mapped, parseIpAddress } from './ip-address.ts';

/** At the start of a decimal or hexadecimal group. */
const LEADING_ZEROS = /(?<![0-9A-Fa-f])0+(?=[0-9A-Fa-f])/g;

/** Canonical text; undefined for anything that is not an address. */
export function readSloppyAddress(text: string): string | undefined {
  const octets = octetsOf(text);
  if (!octets) return undefined;
  return formatIpAddress(isIpv4Mapped(octets) ? octets.subarray(12) : octets);
}

/** An address with another meaning, or none, for programs that read leading zeros as octal numbers or refuse them. */
export function hasLeadingZeros(text: string): boolean {
  return octetsOf(text) !== undefined && parseIpAddress(text) === undefined;
}

/** Canonical text of an address and a prefix length; undefined for anything that is not a range. */
export function readSloppyRange(text: string): string | undefined {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d+)$/.exec(text) ?? [];
  const octets = octetsOf(address);
  const length = Number(digits);
  if (!octets || digits === '' || length > octets.length * 8) return undefined;
  if (isIpv4Mapped(octets) && length >= 96)
    return `${formatIpAddress(octets.subarray(12))}/${length - 96}`;
  return `${formatIpAddress(octets)}/${length}`;
}

function octetsOf(text: string): Uint8Array | undefined {
  return parseIpAddress(text.replaceAll(LEADING_ZEROS, ''));
}
