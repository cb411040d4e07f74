/** CAs of a live cluster are rotated while clients use it: planned, back and forth, compromised, with nodes that are absent. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check, Report } from '../harness/report.ts';
import { Traffic } from '../traffic/traffic.ts';
import { WholeCluster } from '../whole-cluster/cluster.ts';
import type { Site } from '../whole-cluster/plan.ts';
import { ABSENT_CHECKS, checkAbsent } from './absent.ts';
import { backAndForthChecks, CHANGES, goBackAndForth } from './back-and-forth.ts';
import { BRING_UP_CHECKS, bringUp } from './bring-up.ts';
import { COMPROMISED_CHECKS, checkCompromised } from './compromised.ts';
import { observerChecks, whileObserved } from './observers/observers.ts';
import { OldServer, oldServerChecks } from './old-servers.ts';
import { backAndForthCa, type Course, isCa, isSmall } from './plan.ts';
import { checkRefused, refusedChecks, takeOldCa } from './refused.ts';
import { checkSubordinate, SUBORDINATE_CHECKS } from './subordinate.ts';
import { tokenEndpoint } from './token.ts';
import { type How, turn, turnChecks } from './turn.ts';

export const ROTATION = 'rotation';
const MACHINES = 'machines, each with containerd and a kubelet that waits for kubeadm';
const traffic = (ca: string) =>
  `${ca}: a writer and a watcher lose nothing, except during etcd elections`;

export interface RotationPlan {
  readonly release: string;
  readonly site: Site;
  /** One after the other. */
  readonly courses: readonly Course[];
}

export async function runRotation(
  report: Report,
  service: CakelessService,
  folder: string,
  { release, site, courses }: RotationPlan,
): Promise<void> {
  const where = join(folder, ROTATION);
  mkdirSync(where);
  const checks = [
    MACHINES,
    ...BRING_UP_CHECKS,
    ...courses.flatMap((course) => checksOf(course, site)),
  ];
  const size = isSmall(site) ? 'one control plane' : 'three control planes';
  let cluster: WholeCluster | undefined;
  try {
    await report.row(ROTATION, [release, size], checks, async (check) => {
      const step: Check = (name, body) => {
        report.say(`${ROTATION} ${release}: ${name} ...`);
        return check(name, body);
      };
      await step(MACHINES, async () => {
        cluster = await WholeCluster.make(service, release, where, site);
        return cluster.everyNode.map(({ name, address }) => `${name} ${address}`).join(', ');
      });
      if (!cluster) return;
      await bringUp(step, cluster, service);
      for (const course of courses) await follow(course, step, cluster, service, where);
    });
  } finally {
    for (const line of cluster?.complaints() ?? []) report.say(`last error of a kubelet: ${line}`);
    await cluster?.end();
    rmSync(where, { recursive: true, force: true });
  }
}

/** Nothing restarts for `front-proxy-ca`, so that one control plane is enough for observers; and it takes the least time. */
const isObserved = (ca: CaName, site: Site) => !isSmall(site) || ca === 'front-proxy-ca';

function checksOf(course: Course, site: Site): readonly string[] {
  if (course === 'compromised') return COMPROMISED_CHECKS;
  if (course === 'absent') return ABSENT_CHECKS;
  if (course === 'subordinate') return SUBORDINATE_CHECKS;
  const there = backAndForthCa(course);
  if (there) return [...backAndForthChecks(there), ...(isSmall(site) ? [] : [traffic(there)])];
  if (!isCa(course)) return [];
  const [before = '', after = ''] = refusedChecks(course);
  return [
    ...[before, ...turnChecks(course), ...oldServerChecks(course), after],
    ...(isSmall(site) ? [] : [traffic(course)]),
    ...(isObserved(course, site) ? observerChecks(course) : []),
  ];
}

async function follow(
  course: Course,
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  folder: string,
): Promise<void> {
  if (isCa(course)) await rotateOne(check, cluster, service, folder, course);
  const there = backAndForthCa(course);
  if (there)
    await withTraffic(check, cluster, there, CHANGES, () =>
      goBackAndForth(check, cluster, service, there),
    );
  if (course === 'compromised') await checkCompromised(check, cluster, service, folder);
  if (course === 'absent') await checkAbsent(check, cluster, service);
  if (course === 'subordinate') await checkSubordinate(check, cluster, service, folder);
}

/** Members of etcd restart only for the rotation of etcd-ca: once to trust, once to drop, once for new leaves. */
const RESTARTS_OF_A_MEMBER = 3;

async function rotateOne(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  folder: string,
  ca: CaName,
): Promise<void> {
  const old = await takeOldCa(check, cluster, service, folder, ca);
  const server = await OldServer.make(cluster, service, folder, old);
  await server.checkBefore(check);
  const rotate = (how: How) => turn(check, cluster, service, ca, how);
  await withTraffic(check, cluster, ca, RESTARTS_OF_A_MEMBER, async () => {
    if (isObserved(ca, cluster.site)) await whileObserved(check, cluster, folder, old, rotate);
    else await rotate({});
  });
  await checkRefused(check, cluster, old);
  await server.checkAfter(check);
}

/**
 * A writer and a watcher run in the meantime, except with one control plane, which cannot do without its API server.
 *
 * @param restarts of each member of etcd, at most: a write in flight may be lost to the election that one causes
 */
async function withTraffic(
  check: Check,
  cluster: WholeCluster,
  ca: CaName,
  restarts: number,
  action: () => Promise<void>,
): Promise<void> {
  if (isSmall(cluster.site)) return action();
  const clients = new Traffic(await tokenEndpoint(cluster));
  await clients.start();
  await action();
  const all = cluster.controlPlanes.length * restarts;
  await check(traffic(ca), () => clients.stopWithoutLoss(all));
}
