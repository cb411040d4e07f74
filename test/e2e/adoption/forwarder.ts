/** Step 6 of docs/existing-cluster.md: the forwarder, beside a kube-controller-manager that still signs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND } from '../../support/running-service-process.ts';
import { until } from '../../support/until.ts';
import { Api, pemOf, SIGNERS } from '../certificates-api/api.ts';
import { recordsBelow } from '../certificates-api/ledger.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { contentsOf, requireSame } from './pki.ts';
import { LIVE } from './plan.ts';
import { serialOf } from './serial.ts';

const TOO_EARLY = 'release-keys without a forwarder refuses, and changes nothing';
const INSTALLED = 'install-csrsigning on every control plane';
const BESIDE = 'beside a controller manager with the same key, the forwarder runs and says so';
const SERVED = 'every kubelet has its serving certificate from the service, signed by kubelet-ca';

export const FORWARDER_CHECKS = [TOO_EARLY, INSTALLED, BESIDE, SERVED];

const REFUSED = 7;

export async function startForwarders(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
): Promise<void> {
  const { first, controlPlanes } = cluster;
  await check(TOO_EARLY, async () => {
    const before = contentsOf(first);
    const ran = await service.cakelessOn(first.machine, first.principal, 'release-keys');
    if (ran.exitCode !== REFUSED) throw new Error(`exit code ${ran.exitCode}: ${ran.stderr}`);
    requireSame('release-keys', before, contentsOf(first));
    return ran.stderr.trim();
  });
  await check(INSTALLED, async () => {
    const input = await first.cakeless(['csrsigning', '--rbac']);
    await cluster.kubectl(['apply', '-f', '-'], { input });
    for (const node of controlPlanes) {
      await installForwarder(service, node);
      node.startForwarder();
    }
    for (const node of controlPlanes)
      await until(`the forwarder of ${node.name}`, () => node.forwarderReady());
    return `${controlPlanes.length} are ready`;
  });
  await check(BESIDE, async () => {
    for (const node of controlPlanes) saysSo(node.forwarderLog());
    await first.cakeless(['csrsigning', '--check']);
    return saysSo(first.forwarderLog());
  });
  const api = new Api(cluster.endpoint());
  try {
    await check(SERVED, () =>
      until('serving certificates', () => servedKubelets(cluster, service, api)),
    );
  } finally {
    api.close();
  }
}

/** There is no systemd: a stand-in for systemctl does nothing, and the test starts what the unit runs. */
async function installForwarder(service: CakelessService, node: KubeadmNode): Promise<void> {
  const folder = join(node.machine.folder, 'systemd');
  mkdirSync(folder);
  writeFileSync(join(folder, 'systemctl'), '#!/bin/sh\n', { mode: 0o755 });
  const withSystemctl = {
    inside: (command: readonly string[]) =>
      node.machine.inside(['env', `PATH=${folder}:${process.env.PATH}`, ...command]),
  };
  const command = `${process.execPath} -- ${COMMAND}`;
  const args = ['install-csrsigning', '--unit-dir', folder, '--command', command];
  await node.shell('mkdir -p /run/systemd/system');
  await service.mustCakelessOn(withSystemctl, node.principal, args);
  await node.shell('rmdir /run/systemd/system'); // otherwise the client would restart kubelets with it
}

function saysSo(log: string): string {
  const said = log.split('\n').find((line) => line.includes('kube-controller-manager'));
  if (said === undefined) throw new Error(log.slice(-600));
  return said;
}

/** Compares the certificate in the CSR's status with the ledger. */
export async function servedKubelets(
  cluster: WholeCluster,
  service: CakelessService,
  api: Api,
  nodes: readonly KubeadmNode[] = cluster.nodes,
): Promise<string> {
  const records = await recordsBelow(service, `${LIVE}/`);
  const issued = new Set(records.map(({ serial }) => serial.toLowerCase()));
  for (const { name } of nodes) {
    const username = `system:node:${name}`;
    const csrs = await api.csrs({ signerName: SIGNERS.serving, username });
    const certificate = csrs.findLast(({ status }) => status.certificate)?.status.certificate;
    if (certificate === undefined) throw new Error(`${name}: ${csrs.length} CSRs, none issued`);
    const { serial, issuer } = serialOf(pemOf(certificate));
    if (!issued.has(serial)) throw new Error(`${name}: ${serial} of ${issuer} has no record`);
    if (issuer !== 'CN=kubelet-ca') throw new Error(`${name}: ${issuer}`);
  }
  return `${nodes.length} kubelets`;
}
