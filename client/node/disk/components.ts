/** What on a node uses which certificate, and what it takes for a new one to be used. */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import {
  compareKubernetesVersions,
  type KubernetesVersion,
  parseKubernetesVersion,
} from '../../../lib/profiles/kubernetes-version.ts';

/** In the order in which they are restarted: what others depend on comes first. */
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
  /** undefined: nothing that runs holds it; who uses it reads it anew each time. */
  readonly component: Component | undefined;
  /** First release that was seen to read the files again by itself; undefined: it has to be restarted. */
  readonly rereadSince?: string;
}

/**
 * Re-reading was tried with kube-apiserver 1.35.4 and etcd 3.6: serving certificate and front-proxy client certificate
 * were used within a second. A kubelet client certificate was not within 90 seconds, since the connection goes on. What
 * was not tried is restarted; docs/node-guide.md has this table.
 */
export const USES: readonly Use[] = [
  { certificate: 'apiserver', component: 'kube-apiserver', rereadSince: '1.35.0' },
  { certificate: 'front-proxy-client', component: 'kube-apiserver', rereadSince: '1.35.0' },
  { certificate: 'apiserver-kubelet-client', component: 'kube-apiserver' },
  { certificate: 'apiserver-etcd-client', component: 'kube-apiserver' },
  { certificate: 'etcd-server', component: 'etcd', rereadSince: '1.35.0' },
  { certificate: 'etcd-peer', component: 'etcd' },
  { certificate: 'etcd-healthcheck-client', component: undefined },
  { certificate: 'admin.conf', component: undefined },
  { certificate: 'super-admin.conf', component: undefined },
  { certificate: 'controller-manager.conf', component: 'kube-controller-manager' },
  { certificate: 'scheduler.conf', component: 'kube-scheduler' },
  { certificate: 'kubelet.conf', component: 'kubelet' },
];

/**
 * @param version of a component on this node; undefined if nobody knows: then it is restarted
 * @param caChanged a new CA file is read at the start, by all of them
 */
export function componentsToRestart(
  names: readonly CertificateName[],
  caChanged: boolean,
  version: (component: Component) => KubernetesVersion | undefined,
): Component[] {
  const needed = USES.filter(({ certificate }) => names.includes(certificate))
    .filter(({ component, rereadSince }) => component && !rereads(version(component), rereadSince))
    .map(({ component }) => component);
  return COMPONENTS.filter((component) => caChanged || needed.includes(component));
}

/** Those that are expected to read their files again: they are looked at, not restarted. */
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

function rereads(version: KubernetesVersion | undefined, since: string | undefined): boolean {
  const first = since === undefined ? undefined : parseKubernetesVersion(since);
  return !!first && !!version && compareKubernetesVersions(version, first) >= 0;
}

/** In each pair the second one can do nothing without the first, and lets whoever asks it wait. */
const TOGETHER: readonly (readonly Component[])[] = [['etcd', 'kube-apiserver']];

/**
 * What is restarted at once, in the order of the steps. An API server without the etcd of its node hangs on to its
 * clients; ended first, it sends them to the others. It has to be restarted once only.
 */
export function stepsOf(components: readonly Component[]): Component[][] {
  const steps: Component[][] = [];
  for (const component of COMPONENTS.filter((one) => components.includes(one))) {
    const last = steps.at(-1);
    const goesAlong = TOGETHER.some(
      ([first, second]) => component === second && first !== undefined && last?.at(-1) === first,
    );
    if (goesAlong) last?.push(component);
    else steps.push([component]);
  }
  return steps;
}
