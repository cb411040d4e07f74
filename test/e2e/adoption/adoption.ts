/** A cluster that kubeadm made with its own CAs becomes one whose CA keys are in KMS, while clients use it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check, Report } from '../harness/report.ts';
import { Traffic } from '../traffic/traffic.ts';
import { WholeCluster } from '../whole-cluster/cluster.ts';
import type { Site } from '../whole-cluster/plan.ts';
import { ADOPT_CHECKS, adopt } from './adopt.ts';
import { afterwardsChecks, checkAfterwards, noKey } from './afterwards.ts';
import { FORWARDER_CHECKS, startForwarders } from './forwarder.ts';
import { createOrdinary, ordinaryChecks } from './ordinary-cluster.ts';
import { takePki } from './pki.ts';
import { isSmall } from './plan.ts';
import { RELEASE_CHECKS, releaseKeys } from './release.ts';
import { renewChecks, renewEverything } from './renew.ts';
import { checkUpgrade, UPGRADE_CHECKS } from './upgrade.ts';

export const ADOPTION = 'adoption';
const MACHINES = 'machines, each with containerd and a kubelet that waits for kubeadm';
const TRAFFIC =
  'a writer and a watcher lose nothing from inspect-pki to the last key, except during etcd elections';
const NO_KEY = 'no CA key is left on any node: no such name, and no file with a line of one';
const NO_KEY_AFTER = 'nor is one after the upgrade';

export interface AdoptionPlan {
  readonly release: string;
  readonly site: Site;
}

export async function runAdoption(
  report: Report,
  service: CakelessService,
  folder: string,
  { release, site }: AdoptionPlan,
): Promise<void> {
  const where = join(folder, ADOPTION);
  let cluster: WholeCluster | undefined;
  const size = isSmall(site) ? 'one control plane' : 'three control planes';
  try {
    await report.row(ADOPTION, [release, size], checksOf(site), async (check) => {
      const step: Check = (name, body) => {
        report.say(`${ADOPTION} ${release}: ${name} ...`);
        return check(name, body);
      };
      await step(MACHINES, async () => {
        cluster = await WholeCluster.make(service, release, where, site);
        return cluster.everyNode.map(({ name, address }) => `${name} ${address}`).join(', ');
      });
      if (cluster) await adoptCluster(step, cluster, service, where);
    });
    const failed = report.results.some(
      ({ part, outcome }) => part === ADOPTION && outcome === 'FAIL',
    );
    if (failed)
      for (const line of cluster?.complaints() ?? [])
        report.say(`last error of a kubelet: ${line}`);
  } finally {
    await cluster?.end();
    rmSync(where, { recursive: true, force: true });
  }
}

const checksOf = (site: Site) => [
  MACHINES,
  ...ordinaryChecks(site),
  ...ADOPT_CHECKS,
  ...renewChecks(site),
  ...FORWARDER_CHECKS,
  ...RELEASE_CHECKS,
  ...(isSmall(site) ? [] : [TRAFFIC]),
  ...afterwardsChecks(site),
  NO_KEY,
  ...UPGRADE_CHECKS,
  NO_KEY_AFTER,
];

async function adoptCluster(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  folder: string,
): Promise<void> {
  await createOrdinary(check, cluster);
  const old = takePki(cluster, join(folder, 'old-pki'));
  const traffic = isSmall(cluster.site) ? undefined : new Traffic(cluster.endpoint());
  await traffic?.start();
  const kubeletCa = await adopt(check, cluster, service);
  await renewEverything(check, cluster, service, kubeletCa);
  await startForwarders(check, cluster, service);
  await releaseKeys(check, cluster, join(folder, 'offline'));
  const created = cluster.watch.caKeys();
  // renew all restarts the member of each control plane once
  if (traffic) await check(TRAFFIC, () => traffic.stopWithoutLoss(cluster.controlPlanes.length));
  await checkAfterwards(check, cluster, service, old);
  await check(NO_KEY, () => noKey(cluster, old, created));
  await checkUpgrade(check, cluster, service);
  await check(NO_KEY_AFTER, () => noKey(cluster, old, created));
}
