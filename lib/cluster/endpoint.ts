import { canonicalIpAddress } from '../ip-address.ts';
import { isSubdomain } from '../names.ts';

/**
 * Host part of kubeadm's controlPlaneEndpoint: `api.example.com:6443`, `10.0.0.1`, `[fd00::1]:6443`.
 * Undefined unless host and port are valid (kubeadm cmd/kubeadm/app/util/endpoint.go, ParseHostPort).
 */
export function hostOfEndpoint(endpoint: string): string | undefined {
  const whole = canonicalIpAddress(endpoint);
  if (whole) return whole;
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(endpoint);
  if (!match) return undefined;
  const port = match[3] === undefined ? 6443 : Number(match[3]);
  if (port < 1 || port > 65535) return undefined;
  const host = (match[1] ?? match[2] ?? '').toLowerCase();
  return canonicalIpAddress(host) ?? (isSubdomain(host) ? host : undefined);
}
