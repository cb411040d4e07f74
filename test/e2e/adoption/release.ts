/** Step 7 of docs/existing-cluster.md: no control plane has a CA key any more, and none needs one. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { mustRun } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import type { Site } from '../whole-cluster/plan.ts';
import { contentsOf, keyFile, requireSame } from './pki.ts';
import { CA_NAMES } from './plan.ts';

const PREVIEW = 'release-keys --dry-run changes nothing';
const SEALED =
  'release-keys --seal-to: flags empty, controller manager healthy, keys sealed and gone';
const UNDONE = 'release-keys --undo with the unsealed keys brings every file back';
const again = (node: string) => `release-keys on ${node}`;
const RESTARTED = 'kubelets restarted, controller managers killed: each comes back healthy';

export const releaseChecks = ({ controlPlanes }: Site) => [
  PREVIEW,
  SEALED,
  UNDONE,
  ...[...controlPlanes].reverse().map(({ name }) => again(name)),
  RESTARTED,
];

export async function releaseKeys(
  check: Check,
  cluster: WholeCluster,
  folder: string,
): Promise<void> {
  const backwards = [...cluster.controlPlanes].reverse();
  const [last] = backwards;
  if (!last) throw new Error('there is no control plane');
  const before = contentsOf(last);
  const recipient = await makeRecipient(folder);
  const sealTo = last.bring('recipient.crt', readFileSync(recipient.certificate));
  const sealed = (name: string) => join(last.machine.folder, name);
  await check(PREVIEW, async () => {
    const said = await last.cakeless(['release-keys', '--dry-run', '-o', 'json']);
    requireSame('the dry run', before, contentsOf(last));
    const { state, refusals, keys } = JSON.parse(said);
    if (state !== 'planned' || refusals.length > 0) throw new Error(said);
    return `would remove ${keys.join(', ')}`;
  });
  await check(SEALED, () => release(last, ['--seal-to', sealTo, '--seal-out', sealed('keys.cms')]));
  await check(UNDONE, async () => {
    const keys = await mustRun([
      ...['openssl', 'cms', '-decrypt', '-inform', 'PEM', '-in', sealed('keys.cms')],
      ...['-inkey', recipient.key],
    ]);
    const file = last.bring('keys.pem', keys);
    await last.cakeless(['release-keys', '--undo', file]);
    rmSync(file);
    requireSame('--undo', before, contentsOf(last));
    return `${before.size} files are as before; ${await healthy(last)}`;
  });
  for (const node of backwards)
    await check(again(node.name), () =>
      release(node, node === last ? ['--seal-to', sealTo, '--seal-out', sealed('keys-2.cms')] : []),
    );
  await check(RESTARTED, async () => {
    for (const node of cluster.controlPlanes) await restart(node);
    return `${cluster.controlPlanes.length} nodes`;
  });
}

/** Its private key never is on a node. */
async function makeRecipient(folder: string) {
  mkdirSync(folder);
  const [key, certificate] = [join(folder, 'recipient.key'), join(folder, 'recipient.crt')];
  const request = ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-noenc', '-days', '30'];
  await mustRun([...request, '-subj', '/CN=ca-keys', '-keyout', key, '-out', certificate]);
  return { key, certificate };
}

async function release(node: KubeadmNode, options: readonly string[]): Promise<string> {
  const said = await node.cakeless(['release-keys', ...options, '-o', 'json']);
  const { state, keys, forwarder } = JSON.parse(said);
  if (state !== 'released' || keys.length !== CA_NAMES.length) throw new Error(said);
  const left = CA_NAMES.filter((ca) => keyFile(ca) in node.files());
  if (left.length > 0) throw new Error(`${node.name} still has keys of ${left.join(', ')}`);
  await healthy(node);
  return `${signingFlags(node).join(' ')}; ${forwarder}`;
}

/** @throws Error unless both are empty, as kubeadm writes them without a CA key */
export function signingFlags(node: KubeadmNode): string[] {
  const manifest = readFileSync(node.file('manifests/kube-controller-manager.yaml'), 'utf8');
  const flags = manifest.match(/--cluster-signing-\S+/g) ?? [];
  const wanted = ['--cluster-signing-cert-file=', '--cluster-signing-key-file='];
  if (flags.sort().join() !== wanted.join()) throw new Error(`${node.name}: ${flags.join(' ')}`);
  return flags;
}

const pidOf = (node: KubeadmNode) => node.shell('pidof kube-controller-manager');

const healthy = (node: KubeadmNode) =>
  until(`a healthy controller manager on ${node.name}`, async () => {
    await node.shell('curl -sSfk https://127.0.0.1:10257/healthz');
    return `controller manager ${(await pidOf(node)).trim()} is healthy`;
  });

/** As after a reboot: the kubelet starts again, and starts a controller manager that has never seen the keys. */
async function restart(node: KubeadmNode): Promise<void> {
  await node.kubelet.restart();
  const old = await pidOf(node);
  await node.shell(`kill -KILL ${old.trim()}`);
  await until(`another controller manager on ${node.name}`, async () =>
    (await pidOf(node)) === old ? undefined : true,
  );
  await healthy(node);
}
