/** Which component uses which certificate, and whether it must be restarted to use a new one. */
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import {
  compareKubernetesVersions,
  type KubernetesVersion,
  parseKubernetesVersion,
} from '../../../lib/profiles/kubernetes-version.ts';

/** In restart order: what others depend on comes first. */
export const COMPONENTS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
] as const;

export type Component = (typeof COMPONENTS)[number];

export interface Use {
  readonly certificate: CertificateName;
  /** If undefined, no running component keeps it in memory; programs that use it read the file each time. */
  readonly component: Component | undefined;
  /** First release that was seen to reload the files without a restart; if undefined, a restart is needed. */
  readonly reloadsSince?: string;
}

/**
 * Reloading was measured with kube-apiserver 1.35.4 and etcd 3.6: they used a new serving certificate and a new
 * front-proxy client certificate within a second. A new kubelet client certificate was not used within 90 seconds,
 * because the connection stays open. Anything that was not measured is restarted; docs/node-guide.md has this table.
 */
export const USES: readonly Use[] = [
  { certificate: 'apiserver', component: 'kube-apiserver', reloadsSince: '1.35.0' },
  { certificate: 'front-proxy-client', component: 'kube-apiserver', reloadsSince: '1.35.0' },
  { certificate: 'apiserver-kubelet-client', component: 'kube-apiserver' },
  { certificate: 'apiserver-etcd-client', component: 'kube-apiserver' },
  { certificate: 'etcd-server', component: 'etcd', reloadsSince: '1.35.0' },
  { certificate: 'etcd-peer', component: 'etcd' },
  { certificate: 'etcd-healthcheck-client', component: undefined },
  { certificate: 'admin.conf', component: undefined },
  { certificate: 'super-admin.conf', component: undefined },
  { certificate: 'controller-manager.conf', component: 'kube-controller-manager' },
  { certificate: 'scheduler.conf', component: 'kube-scheduler' },
  { certificate: 'kubelet.conf', component: 'kubelet' },
  // `cakeless csrsigning` reads its kubeconfig again when it changes
  { certificate: 'cakeless-csrsigning.conf', component: undefined },
];

/**
 * Components that read the certificates of a CA only when they start, in every release. The controller manager publishes
 * its --root-ca-file, and verifies the API server with the CA data of its kubeconfig, as the scheduler and the kubelet do.
 * kube-apiserver reloads its --client-ca-file and its --requestheader-client-ca-file within a second, and the kubelet its
 * clientCAFile (DynamicFileCAContent of k8s.io/apiserver). etcd and the API server's side to etcd make their pool of CAs
 * once. What an API server verifies kubelets with is in another file (`neededRestarts`).
 */
const READ_AT_START: Readonly<Record<CaName, readonly Component[]>> = {
  ca: ['kube-controller-manager', 'kube-scheduler', 'kubelet'],
  'etcd-ca': ['etcd', 'kube-apiserver'],
  'front-proxy-ca': [],
  'kubelet-ca': [],
};

/**
 * @param names of new certificates
 * @param cas whose certificates are others than before
 * @param version of a component on this node; if undefined, the version is unknown and it is restarted
 */
export function componentsToRestart(
  names: readonly CertificateName[],
  cas: readonly CaName[],
  version: (component: Component) => KubernetesVersion | undefined,
): Component[] {
  const needed = USES.filter(({ certificate }) => names.includes(certificate))
    .filter(
      ({ component, reloadsSince }) => component && !reloads(version(component), reloadsSince),
    )
    .map(({ component }) => component);
  return COMPONENTS.filter(
    (component) =>
      needed.includes(component) || cas.some((ca) => READ_AT_START[ca].includes(component)),
  );
}

/** Components that are expected to reload their files: their health is checked, but they are not restarted. */
export function componentsToWatch(
  names: readonly CertificateName[],
  restarted: readonly Component[],
): Component[] {
  const using = USES.filter(({ certificate }) => names.includes(certificate));
  return COMPONENTS.filter(
    (component) =>
      !restarted.includes(component) && using.some((use) => use.component === component),
  );
}

function reloads(version: KubernetesVersion | undefined, since: string | undefined): boolean {
  const first = since === undefined ? undefined : parseKubernetesVersion(since);
  return !!first && !!version && compareKubernetesVersions(version, first) >= 0;
}

/** In each pair the second component cannot work without the first, and leaves its clients waiting. */
const TOGETHER: readonly (readonly Component[])[] = [['etcd', 'kube-apiserver']];

/**
 * Which components are restarted in one step, in order. An API server without its node's etcd keeps its clients
 * waiting; if it stops first, they reconnect to other API servers. In one step it is restarted only once.
 */
export function stepsOf(components: readonly Component[]): Component[][] {
  const steps: Component[][] = [];
  for (const component of COMPONENTS.filter((one) => components.includes(one))) {
    const last = steps.at(-1);
    const joinsLast = TOGETHER.some(
      ([first, second]) => component === second && first !== undefined && last?.at(-1) === first,
    );
    if (joinsLast) last?.push(component);
    else steps.push([component]);
  }
  return steps;
}
