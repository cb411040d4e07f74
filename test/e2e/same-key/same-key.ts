/** CAs of an old release of kubeadm get new certificates with the same keys, while clients use the cluster. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ADOPT_CHECKS, adopt } from '../adoption/adopt.ts';
import { createOrdinary, ordinaryChecks } from '../adoption/ordinary-cluster.ts';
import { isSmall } from '../adoption/plan.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check, Report } from '../harness/report.ts';
import { Traffic } from '../traffic/traffic.ts';
import { WholeCluster } from '../whole-cluster/cluster.ts';
import type { Site } from '../whole-cluster/plan.ts';
import { renewNode } from '../whole-cluster/renewals.ts';
import { bringOldCas } from './old-cas.ts';
import { RENEW_CHECKS, RESTART_CHECKS, renewCas, restartAll } from './renew-cas.ts';

export const SAME_KEY = 'same key';
const MACHINES = 'machines, each with containerd and a kubelet that waits for kubeadm';
const OLD_CAS = 'CAs of kubeadm 1.18: serial number 0, no subjectKeyIdentifier';
const FROM_SERVICE = 'renew all on every node: all certificates come from the service';
const TRAFFIC = 'a writer and a watcher lose nothing while CAs are renewed and nodes accept them';

export interface SameKeyPlan {
  readonly release: string;
  readonly site: Site;
}

const checksOf = (site: Site) => [
  MACHINES,
  OLD_CAS,
  ...ordinaryChecks(site),
  ...ADOPT_CHECKS,
  FROM_SERVICE,
  ...RENEW_CHECKS,
  ...(isSmall(site) ? [] : [TRAFFIC]),
  ...RESTART_CHECKS,
];

export async function runSameKey(
  report: Report,
  service: CakelessService,
  folder: string,
  { release, site }: SameKeyPlan,
): Promise<void> {
  const where = join(folder, 'same-key');
  let cluster: WholeCluster | undefined;
  const size = isSmall(site) ? 'one control plane' : 'three control planes';
  try {
    await report.row(SAME_KEY, [release, size], checksOf(site), async (check) => {
      const step: Check = (name, body) => {
        report.say(`${SAME_KEY} ${release}: ${name} ...`);
        return check(name, body);
      };
      await step(MACHINES, async () => {
        cluster = await WholeCluster.make(service, release, where, site);
        return cluster.everyNode.map(({ name, address }) => `${name} ${address}`).join(', ');
      });
      if (cluster) await renewInCluster(step, cluster, service, where);
    });
  } finally {
    for (const line of cluster?.complaints() ?? []) report.say(`last error of a kubelet: ${line}`);
    await cluster?.end();
    rmSync(where, { recursive: true, force: true });
  }
}

async function renewInCluster(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  folder: string,
): Promise<void> {
  await check(OLD_CAS, async () => bringOldCas(cluster.first));
  await createOrdinary(check, cluster);
  await adopt(check, cluster, service);
  await check(FROM_SERVICE, async () => {
    const seen: string[] = [];
    for (const node of cluster.nodes) seen.push(`${node.name}: ${await renewNode(service, node)}`);
    return seen.join('; ');
  });
  const traffic = isSmall(cluster.site) ? undefined : new Traffic(cluster.endpoint());
  await traffic?.start();
  await renewCas(check, cluster, service, folder);
  if (traffic) await check(TRAFFIC, () => traffic.stopWithoutLoss(0));
  await restartAll(check, cluster);
}
