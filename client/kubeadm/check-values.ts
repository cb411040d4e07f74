/**
 * kubeadm's checks of the values that certificates depend on (cmd/kubeadm/app/apis/kubeadm/validation), and the values
 * that it uses: names in lower case, addresses in canonical text.
 */
import { parseEndpoint } from '../../lib/cluster/endpoint.ts';
import { isIpv4Mapped, parseAddressRange, parseIpAddress } from '../../lib/ip-address.ts';
import { isDnsName, isSubdomain, MAX_NODE_NAME_LENGTH } from '../../lib/names.ts';
import { hasLeadingZeros, readSloppyAddress, readSloppyRange } from '../../lib/sloppy-address.ts';

/** Where a value is in the file, and what was found about it and others. */
export interface Remarks {
  readonly problems: string[];
  readonly warnings: string[];
}

/** The host in canonical text, and the port. */
export function checkEndpoint(text: string, path: string, remarks: Remarks): string {
  const endpoint = parseEndpoint(text);
  if (!endpoint) {
    remarks.problems.push(
      `${path}: ${text} is not HOST or HOST:PORT, with an IP address or a DNS name in lower case as HOST`,
    );
    return text;
  }
  const host = readSloppyAddress(endpoint.host);
  if (host === undefined || isPlain(endpoint.host)) return text;
  remark(endpoint.host, host, path, remarks);
  if (endpoint.port === undefined) return host;
  return `${host.includes(':') ? `[${host}]` : host}:${endpoint.port}`;
}

/** An address of a node. */
export function checkAddress(text: string, path: string, remarks: Remarks): string {
  const address = readSloppyAddress(text);
  if (address === undefined) {
    remarks.problems.push(`${path}: ${text} is not an IP address`);
    return text;
  }
  if (isPlain(text)) return text;
  remark(text, address, path, remarks);
  return address;
}

/** kubeadm replaces these by an address of the machine: of the default route, or of the loopback interface. */
export function isChosenByKubeadm(text: string): boolean {
  const address = readSloppyAddress(text);
  return (
    address === '0.0.0.0' || address === '::' || address === '::1' || /^127\./.test(address ?? '')
  );
}

/** A name for a certificate. kubeadm puts those of the API server into lower case, and refuses others. */
export function checkExtraName(text: string, path: string, remarks: Remarks): string {
  const address = readSloppyAddress(text);
  if (address !== undefined) {
    if (isPlain(text)) return text;
    remark(text, address, path, remarks);
    return address;
  }
  if (!isDnsName(text))
    remarks.problems.push(
      `${path}: ${JSON.stringify(text)} is not an IP address, nor a DNS name in lower case; a wildcard must be the whole first label`,
    );
  return text;
}

/** kubeadm's MinimumAddressesInServiceSubnet is 10, and its MaximumBitsForServiceSubnet 20. */
const [LEAST_HOST_BITS, MOST_HOST_BITS] = [4, 20];

/** One range, or an IPv4 and an IPv6 range. */
export function checkServiceSubnet(text: string, path: string, remarks: Remarks): string {
  const parts = text.split(',');
  const ranges = parts.map((part) => readSloppyRange(part));
  const parsed = ranges.map((range) =>
    range === undefined ? undefined : parseAddressRange(range),
  );
  const families = new Set(parsed.map((range) => range?.octets.length));
  if (parsed.includes(undefined) || families.size !== parts.length) {
    remarks.problems.push(
      `${path}: ${text} is not a CIDR range, or an IPv4 and an IPv6 range separated by a comma without spaces`,
    );
    return text;
  }
  for (const [i, range] of parsed.entries()) {
    const bits = range === undefined ? 0 : range.octets.length * 8 - range.prefixLength;
    if (bits >= LEAST_HOST_BITS && bits <= MOST_HOST_BITS) continue;
    const length = (range?.octets.length ?? 0) * 8;
    remarks.problems.push(
      `${path}: ${parts[i]} must have a prefix length from ${length - MOST_HOST_BITS} to ${length - LEAST_HOST_BITS}`,
    );
  }
  return parts
    .map((part, i) => {
      const range = ranges[i];
      const isWritten = parseAddressRange(part) !== undefined && isPlain(part.split('/')[0] ?? '');
      if (range === undefined || isWritten) return part;
      remark(part, range, path, remarks);
      return range;
    })
    .join(',');
}

export function checkDnsDomain(text: string, path: string, remarks: Remarks): void {
  if (!isSubdomain(text))
    remarks.problems.push(`${path}: ${text} is not an RFC 1123 subdomain in lower case`);
}

export function checkPort(port: number, path: string, remarks: Remarks): void {
  if (port < 1 || port > 65_535) remarks.problems.push(`${path}: ${port} is not a port`);
}

export function checkAbsolutePath(text: string, path: string, remarks: Remarks): void {
  if (!text.startsWith('/')) remarks.problems.push(`${path}: ${text} is not an absolute path`);
}

/** As kubeadm takes it from a file: without spaces around it, and in lower case. */
export function checkRegisteredName(text: string, path: string, remarks: Remarks): string {
  const name = text.trim().toLowerCase();
  if (!isSubdomain(name) || name.length > MAX_NODE_NAME_LENGTH)
    remarks.problems.push(
      `${path}: node name ${name} is not an RFC 1123 subdomain of at most ${MAX_NODE_NAME_LENGTH} characters`,
    );
  return name;
}

/** Whether all programs read the address in the same way. */
function isPlain(address: string): boolean {
  const octets = parseIpAddress(address);
  return octets !== undefined && !isIpv4Mapped(octets);
}

function remark(text: string, value: string, path: string, { warnings }: Remarks): void {
  const [address = ''] = text.split('/');
  const why = hasLeadingZeros(address)
    ? '; remove the leading zeros, which other programs read as octal numbers'
    : '';
  warnings.push(`${path}: ${text} is read as ${value}, as kubeadm does${why}`);
}
