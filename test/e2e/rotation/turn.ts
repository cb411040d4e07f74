/** One CA through all phases, by the commands of people and by what a node's timer runs. */
import type { RenewReport } from '../../../client/node/renewal/report.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { Hopeless, hopeless, until } from '../../support/until.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { lastLines } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { TURNING } from './plan.ts';

const PHASES = ['trust', 'issue', 'retire', 'stable'] as const;
type Phase = (typeof PHASES)[number];

const into = (ca: CaName, phase: Phase) => `${ca}: ${WORDS[phase]}`;
const WORDS: Readonly<Record<Phase, string>> = {
  trust: 'trust, after an approval: every node trusts both CAs',
  issue: 'issue, once that is proved: every certificate is replaced',
  retire: 'retire, after an approval and once those are in place: every node drops the old CA',
  stable: 'stable, once nothing holds the old CA',
};

export const turnChecks = (ca: CaName) => PHASES.map((phase) => into(ca, phase));

export async function turn(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  ca: CaName,
): Promise<void> {
  for (const phase of PHASES)
    await check(into(ca, phase), async () => {
      const started = performance.now();
      const waited = await advance(cluster, service, ca, phase);
      await everyTimer(cluster, service);
      const seconds = Math.round((performance.now() - started) / 1000);
      await healthy(cluster);
      return `${seconds} s${waited === '' ? '' : `; waited for ${waited}`}`;
    });
}

interface Answer {
  readonly changed: boolean;
  readonly missing: readonly { readonly subject: string; readonly why: string }[];
  readonly plan?: { readonly digest: string };
}

/** Kubelets replace their certificates by themselves, and forwarders report now and then. */
const LIMIT_MS = 20 * 60 * 1000;

/** @returns for what the gate waited at first */
async function advance(
  cluster: WholeCluster,
  service: CakelessService,
  ca: CaName,
  phase: Phase,
): Promise<string> {
  const approved = new Set<string>();
  let first: string | undefined;
  await until(
    `${ca} in phase ${phase}`,
    async () => {
      const answer = await rotate(service, ca, phase);
      if (answer.changed) return true;
      const why = answer.missing.map((one) => `${one.subject}: ${one.why}`).join('; ');
      first ??= answer.missing.map(({ subject }) => subject).join(', ');
      const digest = answer.plan?.digest;
      if (digest !== undefined && !approved.has(digest)) {
        await approve(service, ca, phase, digest);
        approved.add(digest);
      }
      if (answer.missing.length > 0) await everyTimer(cluster, service).catch(hopeless);
      throw new Error(why);
    },
    LIMIT_MS,
  );
  return first ?? '';
}

async function rotate(service: CakelessService, ca: CaName, phase: Phase): Promise<Answer> {
  const args = ['trust-domain', 'rotate', TURNING, '--ca', ca, '--to', phase, '-o', 'json'];
  const ran = await service.cakeless('administrator', ...args);
  try {
    return JSON.parse(ran.stdout) as Answer;
  } catch {
    throw new Hopeless(`exit code ${ran.exitCode}: ${lastLines(ran)}`);
  }
}

const approve = (service: CakelessService, ca: CaName, phase: Phase, digest: string) =>
  service.mustCakeless('approver', [
    ...['trust-domain', 'approve', TURNING, '--ca', ca, '--to', phase],
    ...['--plan', digest, '--reason', 'rotation of the quarter'],
  ]);

/** 4: a request or a lease waits; 10: there is no systemd that restarts the kubelet. */
const CODES = [0, 4, 10];

/** What cakeless-renew.service runs, on every node that has it; an approver approves what waits for one. */
async function everyTimer({ nodes }: WholeCluster, service: CakelessService): Promise<void> {
  for (const node of nodes) {
    const waiting = await timer(node);
    for (const { name, request } of waiting)
      await service.approve(`${node.cluster}/${node.name}/${request}/${name}.csr`, 'rotation');
    if (waiting.length > 0) await timer(node);
  }
}

/** @returns what waits for an approver */
async function timer(node: KubeadmNode): Promise<{ name: string; request: string | undefined }[]> {
  const said = await node.cakeless(
    [
      ...['renew', 'all', '--if-expires-within', '30d', '-o', 'json'],
      ...['--cluster', node.cluster, '--node', node.name],
    ],
    CODES,
  );
  const { restarts, certificates }: RenewReport = JSON.parse(said);
  if (restarts.some(({ component }) => component === 'kubelet')) await node.kubelet.restart();
  return certificates.flatMap((one) =>
    one.outcome === 'pending' ? [{ name: one.name, request: one.request }] : [],
  );
}

/** @throws Error unless kubeadm accepts the files of every control plane, and every node becomes Ready */
async function healthy(cluster: WholeCluster): Promise<void> {
  for (const node of cluster.controlPlanes) await node.shell('kubeadm certs check-expiration');
  await until('ready nodes', async () => {
    const { items } = JSON.parse(await cluster.kubectl(['get', 'nodes', '-o', 'json']));
    for (const { metadata, status } of items) {
      const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready');
      if (ready?.status !== 'True') throw new Error(`${metadata.name}: ${ready?.message}`);
    }
    return true;
  });
}
