import { canonicalIpAddress } from '../ip-address.ts';
import { isSubdomain } from '../names.ts';
import { readSloppyAddress } from '../sloppy-address.ts';

export interface Endpoint {
  /** As written: an address without brackets, or a DNS name. */
  readonly host: string;
  readonly port: number | undefined;
}

/**
 * kubeadm's controlPlaneEndpoint: `api.example.com:6443`, `10.0.0.1`, `[fd00::1]:6443`. Undefined unless the port is
 * valid and the host an address or a DNS name in lower case (kubeadm cmd/kubeadm/app/util/endpoint.go, ParseHostPort).
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [host, port] = splitHostPort(text);
  if (port !== '' && !isPort(port)) return undefined;
  if (readSloppyAddress(host) === undefined && !isSubdomain(host)) return undefined;
  return { host, port: port === '' ? undefined : Number(port) };
}

/** Host part, an address in canonical text; undefined also for an address with leading zeros, which can be misread. */
export function hostOfEndpoint(text: string): string | undefined {
  const { host } = parseEndpoint(text) ?? {};
  if (host === undefined) return undefined;
  const canonical = canonicalIpAddress(host);
  return canonical ?? (readSloppyAddress(host) === undefined ? host : undefined);
}

/** Go's net.SplitHostPort; what it does not accept is all host. */
function splitHostPort(text: string): readonly [string, string] {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(text);
  return match ? [match[1] ?? match[2] ?? '', match[3] ?? ''] : [text, ''];
}

const isPort = (text: string) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
