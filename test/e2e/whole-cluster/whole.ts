/** kubeadm whole: init and join with real kubelets and containerd, on certificates from Cakeless, and renewals there. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CakelessService } from '../kubernetes/cakeless-service.ts';
import type { Report } from '../kubernetes/report.ts';
import { BRING_UP_CHECKS, bringUp } from './bring-up.ts';
import { WholeCluster } from './cluster.ts';
import { LOOK_AT_CHECKS, lookAt } from './look-at.ts';

export const WHOLE = 'kubeadm whole';
export const WHOLE_CHECKS = [...BRING_UP_CHECKS, ...LOOK_AT_CHECKS];

export async function runWhole(
  report: Report,
  service: CakelessService,
  folder: string,
  release: string,
): Promise<void> {
  const where = join(folder, 'whole');
  const cluster = await WholeCluster.make(service, release, where);
  try {
    await report.row(WHOLE, [release], WHOLE_CHECKS, async (check) => {
      const step: typeof check = (name, body) => {
        report.say(`${WHOLE} ${release}: ${name} ...`);
        return check(name, body);
      };
      await bringUp(step, cluster, service);
      await lookAt(step, cluster);
    });
  } finally {
    await cluster.end();
    rmSync(where, { recursive: true, force: true });
  }
}
