/**
 * The paths at which kubeadm writes CSRs. It had three layouts: `certs generate-csr` under /etc/kubernetes
 * (`pki/etcd/server.csr`, `admin.conf.csr`), `init phase certs --csr-only` under the pki folder (`etcd/server.csr`), and
 * `certs renew --csr-only`, flat and by certificate name (`etcd-server.csr`).
 */
import type { CertificateName } from '../profiles/certificate-names.ts';
import { PROFILES } from '../profiles/profiles.ts';

/** Every path at which a kubeadm release writes the CSR of a certificate, that of `generate-csr` first. */
export function pathsOf(profile: { name: string; baseName?: string }): string[] {
  if (profile.baseName === undefined) return [`${profile.name}.csr`];
  return [
    ...new Set([`pki/${profile.baseName}.csr`, `${profile.baseName}.csr`, `${profile.name}.csr`]),
  ];
}

export const KUBEADM_PATHS: ReadonlyMap<string, CertificateName> = new Map(
  PROFILES.flatMap((profile) => pathsOf(profile).map((path) => [path, profile.name] as const)),
);

/** The certificate that a path requests; undefined if kubeadm writes no CSR there. */
export function certificateNameOf(path: string): CertificateName | undefined {
  return KUBEADM_PATHS.get(path);
}
