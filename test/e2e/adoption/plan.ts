/** A cluster that was created without Cakeless: its names, and its configuration files for kubeadm. */
import { type ClusterOptions, type Site, siteOf } from '../whole-cluster/plan.ts';

export const LIVE = 'live';

/** The addresses of both are the same: only one of them runs. */
export const SITE = siteOf(LIVE, 5, { controlPlanes: 3, workers: 2 });
export const SMALL_SITE = siteOf(LIVE, 5, { controlPlanes: 1, workers: 0 });

/** The `--certificate-key` of `kubeadm init --upload-certs`: any value of the right form. */
const CERTIFICATE_KEY = '5f'.repeat(32);

/** Control planes get the CA keys from the cluster, and API servers do not verify kubelets: both as by default. */
export const ORDINARY: ClusterOptions = {
  verifiesKubelets: false,
  certificateKey: CERTIFICATE_KEY,
};

/** One control plane cannot do without its API server while that restarts. */
export const isSmall = ({ controlPlanes }: Site) => controlPlanes.length === 1;

/** The CAs of kubeadm, with their files below pki. */
export const CAS = {
  ca: 'ca',
  'etcd-ca': 'etcd/ca',
  'front-proxy-ca': 'front-proxy-ca',
} as const;

export type CaOfKubeadm = keyof typeof CAS;

export const CA_NAMES = Object.keys(CAS) as CaOfKubeadm[];

/** Certificates of kubeadm on a control plane, with the CA that signs them. super-admin.conf is on the first one only. */
export const LEAVES: Readonly<Record<string, CaOfKubeadm>> = {
  'pki/apiserver.crt': 'ca',
  'pki/apiserver-kubelet-client.crt': 'ca',
  'pki/apiserver-etcd-client.crt': 'etcd-ca',
  'pki/front-proxy-client.crt': 'front-proxy-ca',
  'pki/etcd/server.crt': 'etcd-ca',
  'pki/etcd/peer.crt': 'etcd-ca',
  'pki/etcd/healthcheck-client.crt': 'etcd-ca',
  'admin.conf': 'ca',
  'super-admin.conf': 'ca',
  'controller-manager.conf': 'ca',
  'scheduler.conf': 'ca',
  'kubelet.conf': 'ca',
};
