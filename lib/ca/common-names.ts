import type { CaName } from '../profiles/certificate-names.ts';

/**
 * kubeadm's common names of its CAs. It has none of the kubelets: `kubelet-ca` is named as kubeadm names those of etcd
 * and of the front proxy, by their file.
 */
export const CA_COMMON_NAMES: Record<CaName, string> = {
  ca: 'kubernetes',
  'etcd-ca': 'etcd-ca',
  'front-proxy-ca': 'front-proxy-ca',
  'kubelet-ca': 'kubelet-ca',
};
