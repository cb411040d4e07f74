/** kubeadm init and join with real kubelets, containerd and certificates from Cakeless, and renewals of that cluster. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Report } from '../harness/report.ts';
import { BRING_UP_CHECKS, bringUp } from './bring-up.ts';
import { checkNodes, NODE_CHECKS } from './check-nodes.ts';
import { WholeCluster } from './cluster.ts';
import { checkKubelets, KUBELET_CHECKS } from './kubelet-certificates.ts';
import { checkOutage, OUTAGE_CHECKS } from './outage.ts';
import { RENEWAL_CHECKS, renewAll } from './renewals.ts';

export const WHOLE = 'kubeadm whole';
const MACHINES = 'machines, each with containerd and a kubelet that waits for kubeadm';
const NO_CA_KEY = 'no CA key was ever created, linked or moved to any node';

export interface WholePlan {
  readonly release: string;
  /** They take most of the time; `--quick` omits them. */
  readonly renewals: boolean;
  /** All certificates of kubelets expire, which takes as long as they live. */
  readonly outage: boolean;
}

export async function runWhole(
  report: Report,
  service: CakelessService,
  folder: string,
  { release, renewals, outage }: WholePlan,
): Promise<void> {
  const where = join(folder, 'whole');
  let cluster: WholeCluster | undefined;
  const checks = [
    MACHINES,
    ...BRING_UP_CHECKS,
    ...NODE_CHECKS,
    ...KUBELET_CHECKS,
    ...(renewals ? RENEWAL_CHECKS : []),
    ...(outage ? OUTAGE_CHECKS : []),
    NO_CA_KEY,
  ];
  try {
    await report.row(WHOLE, [release], checks, async (check) => {
      const step: typeof check = (name, body) => {
        report.say(`${WHOLE} ${release}: ${name} ...`);
        return check(name, body);
      };
      await step(MACHINES, async () => {
        cluster = await WholeCluster.make(service, release, where);
        return cluster.everyNode.map(({ name, address }) => `${name} ${address}`).join(', ');
      });
      if (!cluster) return;
      await bringUp(step, cluster, service);
      await checkNodes(step, cluster);
      await checkKubelets(step, cluster, service);
      if (renewals) await renewAll(step, cluster, service);
      if (outage) await checkOutage(step, cluster, service);
      await step(NO_CA_KEY, () => noCaKey(cluster as WholeCluster));
    });
    const failed = report.results.some(({ part, outcome }) => part === WHOLE && outcome === 'FAIL');
    if (failed)
      for (const line of cluster?.complaints() ?? [])
        report.say(`last error of a kubelet: ${line}`);
  } finally {
    await cluster?.end();
    rmSync(where, { recursive: true, force: true });
  }
}

/** The watch has to see what is created elsewhere in the same file system; otherwise it proves nothing. */
async function noCaKey({ watch, everyNode: nodes }: WholeCluster): Promise<string> {
  const created = watch.caKeys();
  const seen = watch.seen;
  const sees = await watch.selfTest();
  if (created > 0) throw new Error(`${created} were created`);
  return `none among ${seen} files and folders on ${nodes.length} nodes; in its self-test the watch saw ${sees}`;
}
