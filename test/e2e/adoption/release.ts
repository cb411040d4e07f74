/** Step 7 of docs/existing-cluster.md: no control plane has a CA key any more, and none needs one. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { mustRun } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { contentsOf, keyFile, requireSame } from './pki.ts';
import { CA_NAMES } from './plan.ts';

const PREVIEW = 'release-keys --dry-run changes nothing';
const RELEASED =
  'release-keys on every control plane, again where it says so: controller managers healthy, keys gone';
const UNDONE = 'release-keys --undo with the unsealed keys brings every file back';
const AGAIN = 'release-keys --seal-to there again';
const RESTARTED = 'kubelets restarted, controller managers killed: each comes back healthy';

export const RELEASE_CHECKS = [PREVIEW, RELEASED, UNDONE, AGAIN, RESTARTED];

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
  const sealedIn = (name: string) => ['--seal-to', sealTo, '--seal-out', sealed(name)];
  await check(PREVIEW, async () => {
    const said = await last.cakeless(['release-keys', '--dry-run', '-o', 'json']);
    requireSame('the dry run', before, contentsOf(last));
    const { state, refusals, keys } = JSON.parse(said);
    if (state !== 'planned' || refusals.length > 0) throw new Error(said);
    return `would remove ${keys.join(', ')}`;
  });
  await check(RELEASED, async () => {
    const first: string[] = [];
    for (const node of backwards)
      first.push(await release(node, node === last ? sealedIn('keys.cms') : []));
    const waited = backwards.filter((_, i) => first[i] === WAITS);
    for (const node of waited) {
      const outcome = await release(node, node === last ? sealedIn('keys.cms') : []);
      if (outcome === WAITS) throw new Error(`${node.name}: ${outcome}, for whom?`);
    }
    return backwards.map(({ name }, i) => `${name}: ${first[i]}`).join('; ');
  });
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
  await check(AGAIN, async () => {
    const outcome = await release(last, sealedIn('keys-2.cms'));
    if (outcome === WAITS) throw new Error(outcome);
    return outcome;
  });
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

const DONE = 0;
/** A controller manager of another control plane signs, and nothing shows yet that nobody has to. */
const PENDING = 4;
const WAITS = 'waits for another control plane';

/** @returns what showed that kubelets are served, or WAITS @throws Error unless flags and keys are as the command says */
async function release(node: KubeadmNode, options: readonly string[]): Promise<string> {
  const said = await node.cakeless(['release-keys', ...options, '-o', 'json'], [DONE, PENDING]);
  const { state, forwarder } = JSON.parse(said);
  const left = CA_NAMES.filter((ca) => keyFile(ca) in node.files());
  const wanted = { released: 0, waiting: CA_NAMES.length }[state as string];
  if (left.length !== wanted) throw new Error(`${node.name} has keys of ${left.join()}: ${said}`);
  signingFlags(node);
  await healthy(node);
  return state === 'waiting' ? WAITS : forwarder;
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
