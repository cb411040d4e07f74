/** Clusters of whole machines: their nodes, and the configuration files for kubeadm and `cakeless prepare`. */
import { stringify } from 'yaml';
import type { NodeAddress } from '../control-plane/network.ts';
import type { Host } from '../harness/namespaces.ts';

/** The names and addresses of one cluster. */
export interface Site {
  /** Of the cluster record and, in kubeadm, of the cluster. */
  readonly cluster: string;
  /** The load balancer, on the test's side of the bridge. */
  readonly endpoint: Host;
  readonly controlPlanes: readonly NodeAddress[];
  readonly workers: readonly NodeAddress[];
}

/** @param tens of the last number in its addresses: 3 is 10.20.0.30 for the endpoint, and 10.20.0.31 for the first node */
export function siteOf(
  cluster: string,
  tens: number,
  size: { readonly controlPlanes: number; readonly workers: number },
): Site {
  const domain = `${cluster}.example.com`;
  const nodes = (count: number, kind: string, first: number): NodeAddress[] =>
    Array.from({ length: count }, (_, i) => ({
      name: `${kind}-${i + 1}.${domain}`,
      address: `10.20.0.${first + i + 1}`,
    }));
  return {
    cluster,
    endpoint: { name: `api.${domain}`, address: `10.20.0.${tens}0` },
    controlPlanes: nodes(size.controlPlanes, 'cp', tens * 10),
    workers: nodes(size.workers, 'worker', tens * 10 + 10),
  };
}

export const hostsOf = ({ endpoint, controlPlanes, workers }: Site): Host[] => [
  endpoint,
  ...controlPlanes,
  ...workers,
];

export const CLUSTER = 'stage';
/** The second worker joins by kubeadm alone: it has no credentials of AWS, and no client. */
export const STAGE = siteOf(CLUSTER, 3, { controlPlanes: 3, workers: 2 });

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

/** How a cluster deviates from another one. */
export interface ClusterOptions {
  /** Whether API servers verify kubelets with `kubelet-ca`. */
  readonly verifiesKubelets: boolean;
  /** With it, control planes that join download the CA keys from the cluster. */
  readonly certificateKey?: string;
  /** What the controller manager publishes to pods, if that is not ca.crt. */
  readonly rootCaFile?: string;
}

/** As `cakeless prepare` sets it up. */
const PREPARED: ClusterOptions = { verifiesKubelets: true };

/** For `kubeadm init`, and for `cakeless cluster apply`. */
export function initConfiguration(
  site: Site,
  at: NodeAddress,
  release: string,
  options: ClusterOptions = PREPARED,
): string {
  const { certificateKey } = options;
  const init = {
    apiVersion,
    kind: 'InitConfiguration',
    bootstrapTokens: [{ token: TOKEN }],
    ...(certificateKey && { certificateKey }),
    nodeRegistration: registration(at),
    localAPIEndpoint: { advertiseAddress: at.address, bindPort: 6443 },
  };
  return documents(init, clusterConfiguration(site, release, options), kubelet);
}

/** @param caCertHashes sha256:HEX of ca */
export function joinConfiguration(
  site: Site,
  at: NodeAddress,
  release: string,
  role: 'control-plane' | 'worker',
  caCertHashes: readonly string[],
  options: ClusterOptions = PREPARED,
): string {
  const { certificateKey } = options;
  const localAPIEndpoint = { advertiseAddress: at.address, bindPort: 6443 };
  const join = {
    apiVersion,
    kind: 'JoinConfiguration',
    nodeRegistration: registration(at),
    discovery: {
      bootstrapToken: { token: TOKEN, apiServerEndpoint: endpointOf(site), caCertHashes },
    },
    ...(role === 'control-plane' && {
      controlPlane: { localAPIEndpoint, ...(certificateKey && { certificateKey }) },
    }),
  };
  return documents(join, clusterConfiguration(site, release, options));
}

const endpointOf = ({ endpoint }: Site) => `${endpoint.name}:6443`;

const clusterConfiguration = (
  site: Site,
  release: string,
  { verifiesKubelets, rootCaFile }: ClusterOptions,
) => ({
  apiVersion,
  kind: 'ClusterConfiguration',
  kubernetesVersion: `v${release}`,
  clusterName: site.cluster,
  controlPlaneEndpoint: endpointOf(site),
  networking: { serviceSubnet: '10.96.0.0/12', podSubnet: '10.244.0.0/16' },
  apiServer: {
    certSANs: [site.endpoint.address],
    extraArgs: [
      { name: 'audit-policy-file', value: AUDIT.policy },
      { name: 'audit-log-path', value: AUDIT.log },
      ...(verifiesKubelets
        ? [
            {
              name: 'kubelet-certificate-authority',
              value: '/etc/kubernetes/pki/kubelet-ca.crt',
            },
          ]
        : []),
    ],
    extraVolumes: [{ name: 'audit', hostPath: AUDIT.folder, mountPath: AUDIT.folder }],
  },
  ...(rootCaFile && {
    controllerManager: { extraArgs: [{ name: 'root-ca-file', value: rootCaFile }] },
  }),
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
