/** The cluster whose certificates API is tested: one API server, the forwarders of three control planes, and workers. */
import { DOMAIN, NODES } from '../control-plane/network.ts';

export const CSR_RELEASES = ['1.29.15', '1.35.4', '1.37.2'];

export interface CsrPlan {
  readonly release: string;
  /** Omits what takes more than a few minutes. */
  readonly quick: boolean;
  /**
   * Each control plane has an API server, which its forwarder uses directly. Otherwise only the first has one, and the
   * forwarders reach it through a link that can be cut.
   */
  readonly eachApiServer?: boolean;
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

export const OTHER_CONTROL_PLANES = NODES.slice(1);
