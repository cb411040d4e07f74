/** Where kubeadm keeps each certificate on a node (cmd/kubeadm/app/constants/constants.go, kubelet's --cert-dir). */
import { join } from 'node:path';
import { BUNDLE_PATHS, CHAIN_PATHS } from '../../../lib/contract/trust-domain.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';

export interface NodeFolders {
  /** kubeadm's certificatesDir, `--cert-dir`. */
  readonly certDir: string;
  /** The folder of admin.conf and the other kubeconfigs, `--kubeconfig-dir`. */
  readonly kubeconfigDir: string;
  /** The kubelet's `--cert-dir`; undefined if no kubelet uses the kubeconfigs, as in a copy of a node's files. */
  readonly kubeletDir?: string | undefined;
}

/** The state of Cakeless on a node: lock, requests, backups. Mode 0700, next to the pki folder. */
export const stateDirOf = ({ kubeconfigDir }: NodeFolders) => join(kubeconfigDir, 'cakeless');

/** The kubelet's certificate store: a link to the newest of kubelet-client-<date>.pem (client-go util/certificate). */
export const KUBELET_PEM = 'kubelet-client-current.pem';

/** A certificate and its private key in two files of one folder. */
export interface PairPlace {
  readonly kind: 'pair';
  readonly name: CertificateName;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A kubeconfig that embeds both, or names their files (kubelet.conf after the kubelet's first rotation). */
export interface KubeconfigPlace {
  readonly kind: 'kubeconfig';
  readonly name: CertificateName;
  readonly file: string;
  /** For kubelet.conf: the file that the kubelet, if it exists, uses instead of the embedded certificate. */
  readonly kubeletPem?: string;
}

export type CertificatePlace = PairPlace | KubeconfigPlace;

/** The file that contains the certificate: its own, or a kubeconfig. */
export const fileOf = (place: CertificatePlace): string =>
  place.kind === 'pair' ? place.certificateFile : place.file;

export function placeOf(name: CertificateName, folders: NodeFolders): CertificatePlace {
  const { baseName } = profileOf(name);
  if (baseName === undefined) {
    const place = { kind: 'kubeconfig', name, file: join(folders.kubeconfigDir, name) } as const;
    if (name !== 'kubelet.conf' || folders.kubeletDir === undefined) return place;
    return { ...place, kubeletPem: join(folders.kubeletDir, KUBELET_PEM) };
  }
  const stem = join(folders.certDir, baseName);
  return { kind: 'pair', name, certificateFile: `${stem}.crt`, keyFile: `${stem}.key` };
}

/**
 * The file with the certificates that the node trusts for a CA: pki/ca.crt, pki/etcd/ca.crt, pki/front-proxy-ca.crt.
 */
export function caFileOf(ca: CaName, { certDir }: NodeFolders): string {
  return join(certDir, BUNDLE_PATHS[ca]);
}

/**
 * The file with a CA that is below another one, and everything above it: pki/ca-chain.crt and so on. For --root-ca-file of
 * kube-controller-manager and for clients outside. What trusts a client by it trusts every certificate below the root.
 */
export function caChainFileOf(ca: CaName, { certDir }: Pick<NodeFolders, 'certDir'>): string {
  return join(certDir, CHAIN_PATHS[ca]);
}
