/**
 * A mistake that the node cannot detect in advance, and how `cakeless renew` recovers from it. A CA change was only
 * half completed: the cluster record already names another trust domain, and one node trusts both. Its new certificates
 * are issued by the new CAs and pass every check on the node. No other etcd member trusts these CAs, so its etcd is
 * isolated.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check, Report } from '../harness/report.ts';
import { readTrustBundles } from '../harness/trust-bundles.ts';
import { Traffic } from '../traffic/traffic.ts';
import type { ControlPlane } from './cluster.ts';
import type { ClusterNode } from './cluster-node.ts';
import { checkServed, checkStarts } from './in-use.ts';
import { changedPaths, takeTree } from './node-tree.ts';
import { mustRenew, tryRenew } from './renew-node.ts';

const BACK = 'certificates that only one node trusts: the old ones are restored';
const REASON = 'etcd logs the reason';
const TRAFFIC = 'the writer and the watcher lose nothing, except during etcd elections';
const AFTER = 'after the record is corrected, cakeless renew all works';

export const ROLLBACK = 'rollback';

export const ROLLBACK_CHECKS = [BACK, REASON, TRAFFIC, AFTER];

const DONE = 0;
const ROLLED_BACK = 9;
/** More than the thirty seconds that a kubelet gives an API server to stop. */
const TIMEOUT = ['--restart-timeout', '40s'];

export async function runRollback(
  report: Report,
  service: CakelessService,
  plane: ControlPlane,
): Promise<void> {
  await report.row(ROLLBACK, [plane.plan.release], ROLLBACK_CHECKS, (check) =>
    rollBack(check, service, plane),
  );
}

async function rollBack(
  check: Check,
  service: CakelessService,
  plane: ControlPlane,
): Promise<void> {
  const node = plane.nodes.at(-1) ?? plane.first;
  const other = `${plane.cluster}-other`;
  await service.mustCakeless('administrator', ['trust-domain', 'create', other]);
  await moveCluster(service, plane, other);
  for (const { path, pem } of await readTrustBundles(service.environment('administrator'), other))
    appendFileSync(node.file(join('pki', path)), pem);
  const before = takeTree(node.root.kubernetesDir);
  const traffic = new Traffic(plane.endpoint());
  await traffic.during(async () => {
    await check(BACK, async () => {
      const ran = await tryRenew(service, plane, node, ['all', ...TIMEOUT]);
      if (ran.exitCode !== ROLLED_BACK)
        throw new Error(`exited with ${ran.exitCode}: ${ran.stderr}`);
      const changed = changedPaths(before, takeTree(node.root.kubernetesDir));
      if (changed.length > 0) throw new Error(`changed: ${changed.join(', ')}`);
      await checkRuns(plane);
      return ran.stderr.split('\n').find((line) => line.includes('did not become healthy'));
    });
    await check(REASON, async () => {
      const words = /certificate signed by unknown authority|bad certificate/;
      const line = node.component('etcd').lastLine(words);
      if (line === undefined) throw new Error('no such line in the log');
      return JSON.parse(line).error ?? line;
    });
    // its etcd is restarted twice: by the renewal and by the rollback
    await check(TRAFFIC, () => traffic.stopWithoutLoss(2));
  });
  await check(AFTER, () => renewAfter(service, plane, node));
}

/** Like an operator who ignores the warning that nothing in the cluster trusts the other CAs yet. */
async function moveCluster(
  service: CakelessService,
  { cluster, first }: ControlPlane,
  trustDomain: string,
): Promise<void> {
  const show = ['cluster', 'show', cluster, '-o', 'json'];
  const record = JSON.parse(await service.mustCakeless('administrator', show));
  const file = join(first.folder, 'moved.json');
  writeFileSync(file, JSON.stringify({ ...record, trustDomain }));
  await service.mustCakeless('administrator', ['cluster', 'apply', cluster, '-f', file]);
}

/** The certificates of the failed renewal are kept, but are from the wrong CAs: so new ones are requested. */
async function renewAfter(
  service: CakelessService,
  plane: ControlPlane,
  node: ClusterNode,
): Promise<string> {
  await moveCluster(service, plane, plane.cluster);
  const old = readFileSync(node.file('pki/etcd/peer.crt'), 'utf8');
  const args = ['all', '--new-request', ...TIMEOUT];
  const { report } = await mustRenew(DONE, service, plane, node, args);
  if (readFileSync(node.file('pki/etcd/peer.crt'), 'utf8') === old)
    throw new Error('etcd-peer was not renewed');
  await checkRuns(plane);
  checkStarts(plane);
  return `${report.certificates.length} renewed`;
}

/** Everything is healthy, and servers use the certificates on disk. */
async function checkRuns(plane: ControlPlane): Promise<void> {
  await until('three healthy etcd members', () => plane.etcdHealth());
  for (const node of plane.nodes) await until(`/readyz of ${node.name}`, () => plane.readyz(node));
  await checkServed(plane);
}
