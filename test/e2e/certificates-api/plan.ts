/** The cluster whose certificates API is tested: one API server, the forwarders of three control planes, and workers. */
import { stringify } from 'yaml';
import { DOMAIN, ENDPOINT_ADDRESS, ENDPOINT_NAME, NODES } from '../control-plane/network.ts';
import { minorOf } from '../harness/programs.ts';

export const CSR_RELEASES = ['1.29.15', '1.35.4', '1.37.2'];

export interface CsrPlan {
  readonly release: string;
  /** Omits what takes more than a few minutes. */
  readonly quick: boolean;
}

export const clusterOf = ({ release }: CsrPlan): string => `csr-${release.replaceAll('.', '-')}`;

/** A worker that the cluster record lists. */
export const WORKER = { name: `w-1.${DOMAIN}`, address: '10.20.0.21' };
/** Workers that the cluster record knows by this rule only. */
export const WORKER_RULE = {
  namePattern: `w-*.${DOMAIN}`,
  addressRanges: ['10.20.1.0/24', 'fd00:20::/64'],
  role: 'worker',
  kubelet: { certSANs: [`w-*.public.${DOMAIN}`] },
};
/** One that it does not know. */
export const UNKNOWN = `stranger-1.${DOMAIN}`;

/** A name that WORKER_RULE covers. */
export const workerNamed = (word: string): string => `w-${word}.${DOMAIN}`;

/** The shortest that Kubernetes allows: kubelets renew their certificates while the test runs. */
export const SHORTEST = '10m0s';

export const CSR_SIGNING = {
  clusterSigningDuration: SHORTEST,
  kubeletClient: {},
  kubeletServing: {},
  kubeAPIServerClient: {},
};

/** For kubeadm, and for `cakeless cluster apply`. Releases before 1.31 do not have v1beta4. */
export function csrConfiguration(release: string, at: { name: string; address: string }): string {
  const apiVersion = `kubeadm.k8s.io/${minorOf(release) < 31 ? 'v1beta3' : 'v1beta4'}`;
  const init = {
    apiVersion,
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: at.address, bindPort: 6443 },
    nodeRegistration: { name: at.name, criSocket: 'unix:///run/containerd/containerd.sock' },
  };
  const cluster = {
    apiVersion,
    kind: 'ClusterConfiguration',
    kubernetesVersion: `v${release}`,
    clusterName: 'prod',
    controlPlaneEndpoint: `${ENDPOINT_NAME}:6443`,
    networking: { serviceSubnet: '10.96.0.0/12', podSubnet: '10.244.0.0/16' },
    apiServer: { certSANs: [ENDPOINT_ADDRESS] },
    ...(minorOf(release) < 31 ? {} : { encryptionAlgorithm: 'ECDSA-P256' }),
  };
  return [init, cluster].map((document) => stringify(document)).join('---\n');
}

export const OTHER_CONTROL_PLANES = NODES.slice(1);
