/** `cakeless renew all` on a running control plane, while one client writes and another watches. */
import type { RenewReport } from '../../../client/node/renewal/report.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check, Report } from '../harness/report.ts';
import { Traffic } from '../traffic/traffic.ts';
import type { ControlPlane } from './cluster.ts';
import { checkClients, checkServed, checkStarts } from './in-use.ts';
import { takeTree, wrongChanges } from './node-tree.ts';
import { mustRenew } from './renew-node.ts';
import type { PodsOfNodes } from './static-pods.ts';

export const RENEWAL = 'renewal';

const ONE = 'cakeless renew all on one node';
const TWO = 'cakeless renew all on two nodes at once: only one node restarts components at a time';
const TRAFFIC = 'a writer and a watcher lose nothing, except during etcd elections';

export const RENEWAL_CHECKS = [
  ONE,
  TWO,
  TRAFFIC,
  'files: only keys, serial numbers and dates change',
  'kubeadm certs check-expiration: later dates, externally managed',
  'new certificates are served',
  'new certificates are read',
  'new certificates are presented to servers',
];

/** One node alone, then the other two at once. */
export async function runRenewal(
  report: Report,
  service: CakelessService,
  plane: ControlPlane,
  pods: PodsOfNodes,
): Promise<void> {
  await report.row(RENEWAL, [plane.plan.release], RENEWAL_CHECKS, (check) =>
    renewAll(check, service, plane, pods),
  );
}

async function renewAll(
  check: Check,
  service: CakelessService,
  plane: ControlPlane,
  pods: PodsOfNodes,
): Promise<void> {
  const trees = plane.nodes.map(({ root }) => takeTree(root.kubernetesDir));
  const dates = await expirations(plane);
  const traffic = new Traffic(plane.endpoint());
  await traffic.during(async () => {
    await check(ONE, () => renewFirst(service, plane));
    await check(TWO, () => renewOthers(service, plane, pods));
    await check(TRAFFIC, () => traffic.stopWithoutLoss(plane.nodes.length));
  });
  await check('files: only keys, serial numbers and dates change', async () => {
    const wrong = plane.nodes.flatMap(({ name, root }, i) =>
      wrongChanges(trees[i] ?? takeTree(root.kubernetesDir), takeTree(root.kubernetesDir)).map(
        (words) => `${name}: ${words}`,
      ),
    );
    if (wrong.length > 0) throw new Error(wrong.join('; '));
    const count = trees.reduce((sum, { installed }) => sum + installed.length, 0);
    return `${count} certificates are new, with new keys; nothing else changed`;
  });
  await check('kubeadm certs check-expiration: later dates, externally managed', async () => {
    const later = await expirations(plane);
    const old = [...dates].filter(([row, date]) => !((later.get(row) ?? '') > date));
    if (old.length > 0 || later.size !== dates.size) throw new Error(old.join(', '));
    return `${later.size} rows`;
  });
  await check('new certificates are served', () => checkServed(plane));
  await check('new certificates are read', async () => checkStarts(plane));
  await check('new certificates are presented to servers', () => checkClients(plane));
}

/** Expiration dates that kubeadm reports, by node and name. @throws Error if a certificate is not externally managed */
async function expirations({ nodes }: ControlPlane): Promise<Map<string, string>> {
  const dates = new Map<string, string>();
  for (const { name, root } of nodes) {
    const output = await root.kubeadm('certs', 'check-expiration', '-o', 'json');
    for (const row of JSON.parse(output).certificates) {
      if (row.missing) continue; // super-admin.conf, which only the first node has
      if (!row.externallyManaged) throw new Error(`${name} ${row.name}: not externally managed`);
      dates.set(`${name} ${row.name}`, row.expirationDate);
    }
  }
  return dates;
}

const DONE = 0;
const PENDING = 4;

/** super-admin.conf needs approval, and does not delay the others. */
async function renewFirst(service: CakelessService, plane: ControlPlane): Promise<string> {
  const { cluster, first } = plane;
  const began = Date.now();
  const { report } = await mustRenew(PENDING, service, plane, first, ['all']);
  const took = Date.now() - began;
  const waiting = report.certificates.filter(({ outcome }) => outcome === 'pending');
  const names = waiting.map(({ name }) => name).join();
  if (names !== 'super-admin.conf') throw new Error(`pending: ${names}`);
  for (const { name, request } of waiting) {
    const key = `${cluster}/${first.name}/${request}/${name}.csr`;
    await service.approve(key, 'renewal');
  }
  await mustRenew(DONE, service, plane, first, ['super-admin.conf', '--wait', '1m']);
  return `${describe(report)} in ${seconds(took)}; super-admin.conf after an approval`;
}

async function renewOthers(
  service: CakelessService,
  plane: ControlPlane,
  pods: PodsOfNodes,
): Promise<string> {
  const others = plane.nodes.slice(1);
  const began = Date.now();
  const runs = await Promise.all(
    others.map((node) => mustRenew(DONE, service, plane, node, ['all'])),
  );
  const spans = others.map((node) => spanOf(pods.get(node)?.events ?? []));
  const [first, second] = spans.sort((a, b) => a.from - b.from);
  if (!first || !second || first.to > second.from)
    throw new Error(`restarts at the same time: ${JSON.stringify(spans)}`);
  const waited = runs.filter(({ stderr }) =>
    stderr.includes('to finish restarting its components'),
  );
  if (waited.length !== 1) throw new Error(`${waited.length} of them waited for the other`);
  return `${runs.map(({ report }) => describe(report)).join('; ')}, both in ${seconds(Date.now() - began)}`;
}

/** From the first end of a component to the last start. */
function spanOf(events: readonly { at: number }[]): { from: number; to: number } {
  const times = events.map(({ at }) => at);
  return { from: Math.min(...times), to: Math.max(...times) };
}

const describe = ({ node, certificates, restarts }: RenewReport) =>
  `${node.split('.')[0]}: ${certificates.filter(({ outcome }) => outcome === 'renewed').length} renewed, ${restarts.filter(({ state }) => state === 'restarted').length} restarted`;

const seconds = (milliseconds: number) => `${Math.round(milliseconds / 1000)} s`;
