/** kubeadm's and the kubelet's default folders. Separate from `places.ts`, because `--help` names them. */
export const KUBEADM_FOLDERS = {
  certDir: '/etc/kubernetes/pki',
  kubeconfigDir: '/etc/kubernetes',
  kubeletDir: '/var/lib/kubelet/pki',
} as const;
