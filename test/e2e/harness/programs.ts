/** The real programs: their releases, where they are, and what installs them (test/tools/kubernetes.sh). */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { toolsFolder } from '../../support/judges-programs.ts';

/** Releases of kubeadm in the matrix, the oldest first: those in which something changes in our profiles. */
export const KUBEADM_RELEASES = ['1.22.17', '1.29.15', '1.31.0', '1.33.13', '1.35.4', '1.37.2'];

/** One with an organization in apiserver-kubelet-client (kubeadm:cluster-admins), and one without. */
export const CONTROL_PLANE_RELEASES = ['1.35.4', '1.37.2'];

/** What `--quick` runs. */
export const QUICK_RELEASE = '1.35.4';

/** The release of the whole cluster: the newest release that runs with the containerd of Debian 12. */
export const WHOLE_RELEASE = '1.35.4';

export const ETCD_RELEASE = '3.6.16';

export type KubernetesProgram =
  | 'kubeadm'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubectl'
  | 'kubelet'
  | 'certificates-client';

export const CONTROL_PLANE_PROGRAMS: readonly KubernetesProgram[] = [
  'kubeadm',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
];

/** For the certificates API. */
export const CERTIFICATES_PROGRAMS: readonly KubernetesProgram[] = [
  'kubeadm',
  'kube-apiserver',
  'kube-controller-manager',
  'kubectl',
  'certificates-client',
];

/** On a node with a real kubelet. */
export const NODE_PROGRAMS: readonly KubernetesProgram[] = [
  ...CONTROL_PLANE_PROGRAMS,
  'kubelet',
  'certificates-client',
];

export const kubernetesProgram = (release: string, program: KubernetesProgram): string =>
  join(toolsFolder(), 'kubernetes', `v${release}`, program);

export const etcdProgram = (program: 'etcd' | 'etcdctl'): string =>
  join(toolsFolder(), 'etcd', `v${ETCD_RELEASE}`, program);

/** A program of this repository, from test/tools/PROGRAM. */
export const ownProgram = (program: 'pause' | 'watch-names'): string =>
  join(toolsFolder(), 'bin', program);

/** Installs what is missing of a container runtime. Prints a line for each. @throws Error if one cannot be installed */
export function installContainerRuntime(): void {
  runScript('container-runtime.sh', []);
}

/** Installs what is missing of the clients of test/e2e/corporate-root. @throws Error if one cannot be installed */
export function installTlsClients(): void {
  runScript('tls-clients.sh', []);
}

/** Builds the programs that are missing. Prints a line for each program. @throws Error if one cannot be built */
export function buildPrograms(wanted: readonly (readonly string[])[]): void {
  for (const args of wanted) runScript('kubernetes.sh', args);
}

function runScript(name: string, args: readonly string[]): void {
  const { status } = spawnSync('bash', [resolve('test', 'tools', name), ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0)
    throw new Error(`${name} ${args.join(' ')}: a program cannot be installed here`);
}

/** 29 of 1.29.15. */
export const minorOf = (release: string): number => Number(release.split('.')[1]);
