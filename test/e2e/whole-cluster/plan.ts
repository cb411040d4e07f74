/** The whole cluster: its nodes, and their configuration files for kubeadm and `cakeless prepare`. */
import { stringify } from 'yaml';
import type { NodeAddress } from '../control-plane/network.ts';
import type { Host } from '../harness/namespaces.ts';

export const CLUSTER = 'stage';
const DOMAIN = 'stage.example.com';
/** The address of the load balancer, on the test's side of the bridge. */
export const WHOLE_ENDPOINT: Host = { name: `api.${DOMAIN}`, address: '10.20.0.30' };

export const CONTROL_PLANES: readonly NodeAddress[] = [1, 2, 3].map((number) => ({
  name: `cp-${number}.${DOMAIN}`,
  address: `10.20.0.3${number}`,
}));
export const WORKER: NodeAddress = { name: `worker-1.${DOMAIN}`, address: '10.20.0.41' };
/** Joins by kubeadm alone: it has no credentials of AWS, and no client. */
export const JOINER: NodeAddress = { name: `worker-2.${DOMAIN}`, address: '10.20.0.42' };

export const WHOLE_HOSTS: readonly Host[] = [WHOLE_ENDPOINT, ...CONTROL_PLANES, WORKER, JOINER];

/** Of the cluster record. */
export const CSR_SIGNING = { kubeletClient: {}, kubeletServing: {} };

/** On each control plane. The log names the certificate of each client. */
export const AUDIT = {
  folder: '/var/lib/audit',
  policy: '/var/lib/audit/policy.yaml',
  log: '/var/lib/audit/log',
};

/** The bootstrap token: any value of the right form, as the cluster exists for minutes. */
export const TOKEN = 'abcdef.0123456789abcdef';
const apiVersion = 'kubeadm.k8s.io/v1beta4';

/** Images are already on each node. */
const registration = ({ name }: NodeAddress) => ({ name, imagePullPolicy: 'Never' });

/** For `kubeadm init`, and for `cakeless cluster apply`. */
export function initConfiguration(at: NodeAddress, release: string): string {
  const init = {
    apiVersion,
    kind: 'InitConfiguration',
    bootstrapTokens: [{ token: TOKEN }],
    nodeRegistration: registration(at),
    localAPIEndpoint: { advertiseAddress: at.address, bindPort: 6443 },
  };
  return documents(init, clusterConfiguration(release), kubelet);
}

/** @param caCertHashes sha256:HEX of ca */
export function joinConfiguration(
  at: NodeAddress,
  release: string,
  role: 'control-plane' | 'worker',
  caCertHashes: readonly string[],
): string {
  const join = {
    apiVersion,
    kind: 'JoinConfiguration',
    nodeRegistration: registration(at),
    discovery: {
      bootstrapToken: { token: TOKEN, apiServerEndpoint: endpoint(), caCertHashes },
    },
    ...(role === 'control-plane' && {
      controlPlane: { localAPIEndpoint: { advertiseAddress: at.address, bindPort: 6443 } },
    }),
  };
  return documents(join, clusterConfiguration(release));
}

const endpoint = () => `${WHOLE_ENDPOINT.name}:6443`;

const clusterConfiguration = (release: string) => ({
  apiVersion,
  kind: 'ClusterConfiguration',
  kubernetesVersion: `v${release}`,
  clusterName: CLUSTER,
  controlPlaneEndpoint: endpoint(),
  networking: { serviceSubnet: '10.96.0.0/12', podSubnet: '10.244.0.0/16' },
  apiServer: {
    certSANs: [WHOLE_ENDPOINT.address],
    extraArgs: [
      { name: 'audit-policy-file', value: AUDIT.policy },
      { name: 'audit-log-path', value: AUDIT.log },
      { name: 'kubelet-certificate-authority', value: '/etc/kubernetes/pki/kubelet-ca.crt' },
    ],
    extraVolumes: [{ name: 'audit', hostPath: AUDIT.folder, mountPath: AUDIT.folder }],
  },
});

/** With what this environment needs: no systemd, cgroup v1, and memory instead of a disk. */
const kubelet = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  serverTLSBootstrap: true,
  cgroupDriver: 'cgroupfs',
  failCgroupV1: false,
  failSwapOn: false,
  imageGCHighThresholdPercent: 100,
};

const documents = (...all: object[]) => all.map((document) => stringify(document)).join('---\n');
