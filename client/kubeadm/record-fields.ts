/** The fields of a cluster record that come from a kubeadm configuration: both have kubeadm's names. */
import type { ClusterDocument } from './api-types.ts';

/** In the order of a record. */
export const DECLARED_FIELDS = [
  'kubernetesVersion',
  'controlPlaneEndpoint',
  'networking',
  'apiServer',
  'etcd',
  'certificateValidityPeriod',
] as const;

/** kubeadm writes unset fields as empty strings and `{}` (`kubeadm config view`); a record leaves them out. */
export function recordFieldsOf(cluster: ClusterDocument): Record<string, unknown> {
  const { networking, apiServer, etcd, ...rest } = cluster;
  const { serverCertSANs, peerCertSANs } = etcd?.local ?? {};
  return withoutEmpty({
    kubernetesVersion: rest.kubernetesVersion,
    controlPlaneEndpoint: rest.controlPlaneEndpoint,
    networking: { serviceSubnet: networking?.serviceSubnet, dnsDomain: networking?.dnsDomain },
    apiServer: { certSANs: apiServer?.certSANs },
    etcd: { local: { serverCertSANs, peerCertSANs } },
    certificateValidityPeriod: rest.certificateValidityPeriod,
  } satisfies Record<(typeof DECLARED_FIELDS)[number], unknown>);
}

function withoutEmpty<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, withoutEmpty(inner)] as const)
    .filter(([, inner]) => inner !== undefined && inner !== '' && !isEmptyObject(inner));
  return Object.fromEntries(entries) as T;
}

function isEmptyObject(value: unknown): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).length === 0;
}
