/** Server URLs as kubeadm picks them for kubeconfigs (cmd/kubeadm/app/util/endpoint.go). */
import { parseEndpoint } from '../../lib/cluster/endpoint.ts';
import { canonicalIpAddress } from '../../lib/ip-address.ts';
import { type CertificateName, CSRSIGNING_CONF } from '../../lib/profiles/certificate-names.ts';
import type { KubeadmConfig } from './kubeadm-config.ts';

/** Components of a control plane use the API server on their own node, all other clients use controlPlaneEndpoint. */
function isLocal(name: CertificateName, { role, kubeletLocalMode }: KubeadmConfig): boolean {
  if (name === 'kubelet.conf') return role === 'control-plane' && kubeletLocalMode;
  return ['controller-manager.conf', 'scheduler.conf', CSRSIGNING_CONF].includes(name);
}

export function serverUrlOf(name: CertificateName, config: KubeadmConfig): string {
  const { controlPlaneEndpoint, advertiseAddress = '', bindPort } = config;
  if (controlPlaneEndpoint === undefined || isLocal(name, config))
    return formatUrl(advertiseAddress, bindPort);
  const { host = '', port } = parseEndpoint(controlPlaneEndpoint) ?? {};
  return formatUrl(host, port ?? bindPort);
}

function formatUrl(host: string, port: number): string {
  const address = canonicalIpAddress(host) ?? host;
  return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
