/**
 * Besides a writer and a watcher, what else uses a cluster during a whole rotation: an aggregated API server, a webhook, pods
 * with an old and a new client-go, and people who read logs and execute commands.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CaName } from '../../../../lib/profiles/certificate-names.ts';
import { mustRun } from '../../harness/program.ts';
import { kubernetesProgram } from '../../harness/programs.ts';
import type { Check } from '../../harness/report.ts';
import type { WholeCluster } from '../../whole-cluster/cluster.ts';
import { TURNING } from '../plan.ts';
import type { OldCa } from '../refused.ts';
import type { How } from '../turn.ts';
import { AggregatedApi } from './aggregated.ts';
import { Follower, NEW_CLIENT, OLD_CLIENT } from './follower.ts';
import { askAsPerson } from './person.ts';
import { counted, Probe } from './probe.ts';
import { Webhook } from './webhook.ts';

const observed = (ca: CaName) =>
  `${ca}: an aggregated API, a webhook, pods with an old and a new client-go, logs and exec lose nothing`;
const refusedByAggregated = (ca: CaName) =>
  `${ca}: the aggregated API refuses the old CA's client certificate, which it accepted before`;

export const observerChecks = (ca: CaName) => [
  observed(ca),
  ...(ca === 'front-proxy-ca' ? [refusedByAggregated(ca)] : []),
];

const SECOND = 1000;

/** A rotation with all of them, and what they lost. */
export async function whileObserved(
  check: Check,
  cluster: WholeCluster,
  folder: string,
  old: OldCa,
  rotate: (how: How) => Promise<void>,
): Promise<void> {
  const { ca } = old;
  const observers = await Observers.start(cluster, folder, ca);
  try {
    const before = await observers.triesOf(old);
    await rotate(observers.how);
    if (ca === 'front-proxy-ca')
      await check(refusedByAggregated(ca), async () => {
        const after = await observers.triesOf(old);
        if (!before.accepted || after.accepted) throw new Error(`${before.words}; ${after.words}`);
        return after.words;
      });
  } catch (error) {
    await observers.stop().catch(() => undefined);
    throw error;
  }
  await check(observed(ca), () => observers.stop());
}

class Observers {
  readonly #aggregated: AggregatedApi;
  readonly #webhook: Webhook;
  readonly #old: Follower;
  readonly #young: Follower;
  readonly #probes: readonly Probe[];

  private constructor(
    cluster: WholeCluster,
    ca: CaName,
    servers: { aggregated: AggregatedApi; webhook: Webhook; old: Follower; young: Follower },
  ) {
    this.#aggregated = servers.aggregated;
    this.#webhook = servers.webhook;
    this.#old = servers.old;
    this.#young = servers.young;
    const { aggregated, webhook, old } = servers;
    // static pods that this rotation does not restart
    const steady = ca === 'etcd-ca' ? 'kube-scheduler' : 'etcd';
    this.#probes = [
      new Probe({ name: 'aggregated API', everyMs: SECOND, run: () => aggregated.probe() }),
      new Probe({ name: 'webhook', everyMs: SECOND, run: () => webhook.probe() }),
      ...cluster.controlPlanes.flatMap(({ name }) => [
        logsOf(
          cluster,
          name,
          `/api/v1/namespaces/kube-system/pods/${steady}-${name}/log?tailLines=1`,
        ),
        execIn(cluster, name, `${steady}-${name}`, [steady, '--version']),
      ]),
      logsOf(cluster, cluster.worker.name, old.logPath),
      new Probe({
        name: `exec on ${cluster.worker.name}`,
        everyMs: 10 * SECOND,
        run: () => old.exec(),
      }),
    ];
  }

  static async start(cluster: WholeCluster, folder: string, ca: CaName): Promise<Observers> {
    const where = join(folder, `observers-${ca}`);
    mkdirSync(where);
    const observers = new Observers(cluster, ca, {
      aggregated: await AggregatedApi.start(cluster, where),
      webhook: await Webhook.start(cluster, where),
      old: await Follower.start(cluster, where, OLD_CLIENT),
      young: await Follower.start(cluster, where, NEW_CLIENT),
    });
    for (const probe of observers.#probes) probe.start();
    return observers;
  }

  /** What its owner does about the old client, and says about the new one. */
  get how(): How {
    const waiver = `${TURNING}/namespace/${this.#young.namespace}=its client-go reads the file again`;
    return {
      options: (phase) => (phase === 'retire' ? ['--waive', waiver] : []),
      onMissing: async (missing) => {
        const subject = `${TURNING}/namespace/${this.#old.namespace}`;
        if (missing.some((one) => one.subject === subject)) await this.#old.restart();
      },
    };
  }

  /** What the aggregated API does with the client of the old CA. */
  triesOf(old: OldCa): Promise<{ accepted: boolean; words: string }> {
    return this.#aggregated.tries(old.certificate, old.key);
  }

  /** @returns a summary @throws Error with it if anything was lost */
  async stop(): Promise<string> {
    const accounts = [];
    for (const probe of this.#probes) accounts.push(await probe.stop());
    for (const follower of [this.#old, this.#young]) accounts.push(await follower.stop());
    await this.#webhook.close();
    await this.#aggregated.close();
    const refused = new Map<string, number>();
    for (const reason of this.#aggregated.refused)
      refused.set(reason, (refused.get(reason) ?? 0) + 1);
    const words = [
      ...accounts.map((one) => one.words),
      `handshakes that the aggregated API did not finish: ${counted(refused)}`,
    ].join('; ');
    const lost = accounts.flatMap((one) => one.lost);
    if (lost.length > 0) throw new Error(`${lost.slice(0, 20).join('; ')} (${words})`);
    return words;
  }
}

const logsOf = (cluster: WholeCluster, node: string, path: string) =>
  new Probe({
    name: `logs on ${node}`,
    everyMs: 2 * SECOND,
    run: () => askAsPerson(cluster, 'GET', path),
  });

/** Through the API server to the kubelet, with kubectl, because an exec upgrades its connection. */
const execIn = (cluster: WholeCluster, node: string, pod: string, command: readonly string[]) =>
  new Probe({
    name: `exec on ${node}`,
    everyMs: 10 * SECOND,
    run: () =>
      mustRun([
        ...[kubernetesProgram(cluster.release, 'kubectl'), '--request-timeout=20s'],
        `--kubeconfig=${cluster.first.file('admin.conf')}`,
        ...['-n', 'kube-system', 'exec', pod, '--', ...command],
      ]),
  });
