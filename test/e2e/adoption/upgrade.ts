/**
 * `kubeadm upgrade` without CA keys, as far as it runs without the next release: its images do not exist here. It is
 * planned and previewed for the next patch, and applied for the release of the cluster.
 */
import { stringify } from 'yaml';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { allRecorded } from './afterwards.ts';
import { isSmall } from './plan.ts';
import { signingFlags } from './release.ts';

/** On cgroup v1, without kube-proxy and CoreDNS. The Job that kubeadm tries needs a pod network, which may be missing. */
const IGNORED = [
  'SystemVerification',
  'CoreDNSMigration',
  'CoreDNSUnsupportedPlugins',
  'CreateJob',
];

const PLANNED = 'kubeadm upgrade plan for the next patch';
const PREVIEWED =
  'kubeadm upgrade apply --dry-run for the next patch keeps the signing flags empty';
const APPLIED =
  'kubeadm upgrade apply and node, for the same release: flags and certificates stay as they are';

export const UPGRADE_CHECKS = [PLANNED, PREVIEWED, APPLIED];

export async function checkUpgrade(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
): Promise<void> {
  const { first, release, controlPlanes, site } = cluster;
  const next = nextPatch(release);
  await check(PLANNED, async () => {
    const said = await first.shell(
      `kubeadm upgrade plan ${next} --ignore-preflight-errors=${IGNORED.join()}`,
    );
    const line = said.split('\n').find((words) => words.includes(next));
    if (line === undefined) throw new Error(said.slice(-600));
    return line.trim();
  });
  await check(PREVIEWED, async () => {
    const said = await upgrade(first, `apply ${next}`, ['--dry-run']);
    const flags = said.match(/--cluster-signing-(cert|key)-file=\S*/g) ?? [];
    const full = flags.filter((flag) => !flag.endsWith('='));
    if (flags.length === 0 || full.length > 0) throw new Error(`${flags} in ${said.slice(-600)}`);
    return [...new Set(flags)].join(' ');
  });
  await check(APPLIED, async () => {
    await upgrade(first, `apply v${release}`, []);
    for (const node of controlPlanes.slice(1)) await upgrade(node, 'node', []);
    if (!isSmall(site)) await upgrade(cluster.worker, 'node', []);
    const flags = [...new Set(controlPlanes.flatMap(signingFlags))].join(' ');
    return `${flags}; ${await allRecorded(cluster, service)}`;
  });
}

/** Without kube-proxy and CoreDNS, which this cluster does not have; images are never pulled. */
function upgrade(node: KubeadmNode, what: string, options: readonly string[]): Promise<string> {
  const everywhere = {
    imagePullPolicy: 'Never',
    skipPhases: ['addon'],
    ignorePreflightErrors: IGNORED,
  };
  const file = node.bring(
    'upgrade.yaml',
    stringify({
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'UpgradeConfiguration',
      // the next patch is newer than this kubeadm, and the same release is no upgrade
      apply: { ...everywhere, forceUpgrade: true },
      node: everywhere,
    }),
  );
  const yes = what.startsWith('apply') ? ['--yes'] : [];
  return node.shell(['kubeadm', 'upgrade', what, '--config', file, ...yes, ...options].join(' '));
}

const nextPatch = (release: string) =>
  `v${release.replace(/\d+$/, (patch) => String(Number(patch) + 1))}`;
