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
export type Phase = (typeof PHASES)[number];

/** How a rotation differs from a planned one in which all nodes are on and have credentials. */
export interface How {
  /** Options of `rotate` and `approve`, such as waivers. */
  readonly options?: (phase: Phase) => readonly string[];
  /** What people do about what is missing. */
  readonly onMissing?: (missing: Answer['missing']) => Promise<void>;
  /** What runs on nodes that have no credentials. */
  readonly otherTimers?: () => Promise<void>;
  /** With these exit codes, a renewal has done what it can. */
  readonly codes?: readonly number[];
  /** A node that is off. */
  readonly asleep?: KubeadmNode;
}

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
  how?: How,
): Promise<void> {
  for (const phase of PHASES)
    await check(into(ca, phase), () => step(cluster, service, ca, phase, how));
}

/** Enters a phase, and runs what all timers run in it. @returns how long it took, and what it waited for */
export async function step(
  cluster: WholeCluster,
  service: CakelessService,
  ca: CaName,
  phase: Phase,
  how: How = {},
): Promise<string> {
  const started = performance.now();
  const waited = await advance(cluster, service, ca, phase, how);
  if (phase === 'trust') await lookAgain(cluster);
  await everyTimer(cluster, service, how);
  const seconds = Math.round((performance.now() - started) / 1000);
  await healthy(cluster, how);
  return `${seconds} s${waited === '' ? '' : `; waited for ${waited}`}`;
}

/** A forwarder checks every ten minutes whether a rotation has begun, and a minute after its start: a restart saves the wait. */
async function lookAgain({ controlPlanes }: WholeCluster): Promise<void> {
  for (const node of controlPlanes) {
    await node.stopForwarder();
    node.startForwarder();
    await until(`the forwarder of ${node.name}`, () => node.forwarderReady());
  }
}

interface Answer {
  readonly changed: boolean;
  readonly missing: readonly { readonly subject: string; readonly why: string }[];
  readonly plan?: { readonly digest: string };
}

/** Kubelets replace their certificates on their own, and forwarders report every few minutes. */
const LIMIT_MS = 20 * 60 * 1000;

/** @returns what the gate waited for at first */
async function advance(
  cluster: WholeCluster,
  service: CakelessService,
  ca: CaName,
  phase: Phase,
  how: How = {},
): Promise<string> {
  const approved = new Set<string>();
  let first: string | undefined;
  await until(
    `${ca} in phase ${phase}`,
    async () => {
      const options = how.options?.(phase) ?? [];
      const answer = await rotate(service, ca, phase, options);
      if (answer.changed) return true;
      const why = answer.missing.map((one) => `${one.subject}: ${one.why}`).join('; ');
      first ??= answer.missing.map(({ subject }) => subject).join(', ');
      const digest = answer.plan?.digest;
      if (digest !== undefined && !approved.has(digest)) {
        await approve(service, ca, phase, digest, options);
        approved.add(digest);
      }
      await how.onMissing?.(answer.missing).catch(hopeless);
      if (answer.missing.length > 0) await everyTimer(cluster, service, how).catch(hopeless);
      throw new Error(why);
    },
    LIMIT_MS,
  );
  return first ?? '';
}

async function rotate(
  service: CakelessService,
  ca: CaName,
  phase: Phase,
  options: readonly string[],
): Promise<Answer> {
  const args = ['trust-domain', 'rotate', TURNING, '--ca', ca, '--to', phase, '-o', 'json'];
  const ran = await service.cakeless('administrator', ...args, ...options);
  try {
    return JSON.parse(ran.stdout) as Answer;
  } catch {
    throw new Hopeless(`exit code ${ran.exitCode}: ${lastLines(ran)}`);
  }
}

const approve = (
  service: CakelessService,
  ca: CaName,
  phase: Phase,
  digest: string,
  options: readonly string[],
) =>
  service.mustCakeless('approver', [
    ...['trust-domain', 'approve', TURNING, '--ca', ca, '--to', phase, ...options],
    ...['--plan', digest, '--reason', 'rotation of the quarter'],
  ]);

/** 4: a request or a lease waits; 10: there is no systemd that restarts the kubelet. */
export const CODES: readonly number[] = [0, 4, 10];

/** What cakeless-renew.service runs, on every node that has it. */
export async function everyTimer(
  { nodes }: WholeCluster,
  service: CakelessService,
  { asleep, codes, otherTimers }: How = {},
): Promise<void> {
  for (const node of nodes.filter((one) => one !== asleep))
    await renewOn(service, node, DUE, codes);
  await otherTimers?.();
}

/** As the unit of the timer does. */
const DUE: readonly string[] = ['--if-expires-within', '30d'];

/** `cakeless renew all`. An approver approves what waits for one, and someone restarts the kubelet. */
export async function renewOn(
  service: CakelessService,
  node: KubeadmNode,
  options: readonly string[],
  codes: readonly number[] = CODES,
): Promise<void> {
  const waiting = await renew(node, options, codes);
  for (const { name, request } of waiting)
    await service.approve(`${node.cluster}/${node.name}/${request}/${name}.csr`, 'rotation');
  if (waiting.length > 0) await renew(node, options, codes);
}

/** @returns what waits for an approver */
async function renew(
  node: KubeadmNode,
  options: readonly string[],
  codes: readonly number[],
): Promise<{ name: string; request: string | undefined }[]> {
  const said = await node.cakeless(
    ['renew', 'all', ...options, '-o', 'json', '--cluster', node.cluster, '--node', node.name],
    [...codes],
  );
  const { restarts, certificates }: RenewReport = JSON.parse(said);
  if (restarts.some(({ component }) => component === 'kubelet')) await node.kubelet.restart();
  return certificates.flatMap((one) =>
    one.outcome === 'pending' ? [{ name: one.name, request: one.request }] : [],
  );
}

/** @throws Error unless kubeadm accepts the files of every control plane, and every node becomes Ready */
async function healthy(cluster: WholeCluster, { asleep }: How = {}): Promise<void> {
  for (const node of cluster.controlPlanes) await node.shell('kubeadm certs check-expiration');
  await until('ready nodes', async () => {
    const { items } = JSON.parse(await cluster.kubectl(['get', 'nodes', '-o', 'json']));
    for (const { metadata, status } of items) {
      if (metadata.name === asleep?.name) continue;
      const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready');
      if (ready?.status !== 'True') throw new Error(`${metadata.name}: ${ready?.message}`);
    }
    return true;
  });
}
