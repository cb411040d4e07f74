/** Server URLs as kubeadm picks them for kubeconfigs (cmd/kubeadm/app/util/endpoint.go). */
import { canonicalIpAddress } from '../../lib/ip-address.ts';
import type { CertificateName } from '../../lib/profiles/certificate-names.ts';
import type { NodeConfig } from './node-config.ts';

/** The components of a control plane talk to the API server beside them, everybody else to the endpoint of all. */
function isLocal(name: CertificateName, { role, kubeletLocalMode }: NodeConfig): boolean {
  if (name === 'kubelet.conf') return role === 'control-plane' && kubeletLocalMode;
  return name === 'controller-manager.conf' || name === 'scheduler.conf';
}

export function serverUrlOf(name: CertificateName, config: NodeConfig): string {
  const { controlPlaneEndpoint, advertiseAddress = '', bindPort } = config;
  if (controlPlaneEndpoint === undefined || isLocal(name, config))
    return formatUrl(advertiseAddress, String(bindPort));
  const whole = canonicalIpAddress(controlPlaneEndpoint);
  if (whole) return formatUrl(whole, String(bindPort));
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(controlPlaneEndpoint);
  return formatUrl(match?.[1] ?? match?.[2] ?? '', match?.[3] ?? String(bindPort));
}

function formatUrl(host: string, port: string): string {
  const address = canonicalIpAddress(host) ?? host;
  return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
