/** kubeadm's names of the leaf certificates that it manages (`kubeadm certs renew --help`), and kubelet.conf. */
export const KUBEADM_NAMES = [
  'apiserver',
  'apiserver-kubelet-client',
  'apiserver-etcd-client',
  'front-proxy-client',
  'etcd-server',
  'etcd-peer',
  'etcd-healthcheck-client',
  'admin.conf',
  'super-admin.conf',
  'controller-manager.conf',
  'scheduler.conf',
  'kubelet.conf',
] as const;

/** The kubeconfig of `cakeless csrsigning`, which kubeadm does not know. */
export const CSRSIGNING_CONF = 'cakeless-csrsigning.conf';

/** The leaf certificates of nodes. */
export const CERTIFICATE_NAMES = [...KUBEADM_NAMES, CSRSIGNING_CONF] as const;

export type CertificateName = (typeof CERTIFICATE_NAMES)[number];

/** The certificate of a person or program, which kubeadm creates with `kubeadm kubeconfig user`. */
export const USER_NAME = 'user';

/** The certificates that kubelets request through the certificates API, and store themselves. */
export const KUBELET_NAMES = ['kubelet-client', 'kubelet-serving'] as const;

export type KubeletName = (typeof KUBELET_NAMES)[number];

/**
 * Certificates of the new CA of a rotation, with which a node finds out whether servers trust that CA already. They are not
 * kept on disk.
 */
export const PROBE_NAMES = ['probe-ca', 'probe-etcd-ca'] as const;

export type ProbeName = (typeof PROBE_NAMES)[number];

/** Everything that is ever issued. For nodes (`all`, places on disk, standing approvals), use CERTIFICATE_NAMES. */
export const ISSUED_NAMES = [
  ...CERTIFICATE_NAMES,
  USER_NAME,
  ...KUBELET_NAMES,
  ...PROBE_NAMES,
] as const;

export type IssuedName = (typeof ISSUED_NAMES)[number];

/**
 * The CAs of a trust domain: kubeadm's three, and one for the kubelets' serving certificates. Only `ca` must exist. No
 * two of them may share a key.
 */
export const CA_NAMES = ['ca', 'etcd-ca', 'front-proxy-ca', 'kubelet-ca'] as const;

export type CaName = (typeof CA_NAMES)[number];

export function isKubeletName(text: string): text is KubeletName {
  return (KUBELET_NAMES as readonly string[]).includes(text);
}

export function isProbeName(text: string): text is ProbeName {
  return (PROBE_NAMES as readonly string[]).includes(text);
}

export function isCertificateName(text: string): text is CertificateName {
  return (CERTIFICATE_NAMES as readonly string[]).includes(text);
}
