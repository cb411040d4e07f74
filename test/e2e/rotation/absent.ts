/**
 * A rotation of `ca` with a worker that is off from before its start until after its end, and one without AWS credentials,
 * whose CA certificates come from its cluster.
 */
import { COMMAND } from '../../support/running-service-process.ts';
import { until } from '../../support/until.ts';
import { changeRecord } from '../certificates-api/cluster-record.ts';
import { TEST_ADDRESS } from '../control-plane/network.ts';
import { caCertHashes } from '../control-plane/prepare-node.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { lastLines, run } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import { podOn } from '../whole-cluster/check-nodes.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import { UNUSUAL } from '../whole-cluster/join-alone.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { joinConfiguration } from '../whole-cluster/plan.ts';
import { caFileOn } from './ca-files.ts';
import { TURNING } from './plan.ts';
import { type How, type Phase, renewOn, step } from './turn.ts';

const JOINED = 'a worker without AWS joins with kubeadm alone, and another worker is switched off';
const TURNED =
  'ca is rotated to the end: the first one follows its cluster, the other one is waived';
const BACK = 'the worker that was off is Ready after it was switched on and one cakeless renew all';

export const ABSENT_CHECKS = [JOINED, TURNED, BACK];

export async function checkAbsent(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
): Promise<void> {
  const { first, worker, joiner } = cluster;
  await check(JOINED, async () => {
    await joinAlone(cluster, service);
    await runSystemPod(cluster);
    await followCluster(joiner);
    await switchOff(worker);
    await until('a Node that is not Ready', async () =>
      (await isReady(cluster, worker)) ? undefined : true,
    );
    return `${joiner.name}; ${worker.name}`;
  });
  await check(TURNED, async () => {
    const waivers = [
      `${TURNING}/node/${worker.name}=switched off`,
      `${TURNING}/namespace/kube-system=its pod calls no API server`,
    ];
    const how: How = {
      asleep: worker,
      otherTimers: () => followCluster(joiner),
      options: (phase) =>
        phase === 'trust' ? [] : waivers.flatMap((waiver) => ['--waive', waiver]),
    };
    const words: string[] = [];
    for (const phase of ['trust', 'issue', 'retire', 'stable'] satisfies Phase[])
      words.push(`${phase} ${await step(cluster, service, 'ca', phase, how)}`);
    requireSameCa(first, joiner);
    return words.join(', ');
  });
  await check(BACK, async () => {
    await switchOn(worker);
    await renewOn(service, worker, []);
    requireSameCa(first, worker);
    const started = performance.now();
    await until('a Ready worker', async () =>
      (await isReady(cluster, worker)) ? true : undefined,
    );
    return `${Math.round((performance.now() - started) / 1000)} s after the renewal`;
  });
}

async function joinAlone(cluster: WholeCluster, service: CakelessService): Promise<void> {
  const { joiner, release, site } = cluster;
  const { folder } = joiner.machine;
  const pins = await caCertHashes(service, TURNING, folder);
  const hashes = pins.filter((word) => word.startsWith('sha256:'));
  await changeRecord(service, TURNING, folder, (record) => ({
    ...record,
    nodes: [
      ...(record.nodes as object[]),
      { name: joiner.name, addresses: [joiner.address], role: 'worker' },
    ],
  }));
  const text = joinConfiguration(site, joiner, release, 'worker', hashes);
  const file = joiner.bring('join.yaml', text);
  await joiner.shell(`kubeadm join --config ${file} ${UNUSUAL.join(' ')}`, { timeoutMs: 600_000 });
  await until('a Ready joiner', async () => ((await isReady(cluster, joiner)) ? true : undefined));
}

/** With a token, as kube-proxy: only then may the kubelet read what kube-root-ca.crt of its namespace has. */
async function runSystemPod(cluster: WholeCluster): Promise<void> {
  const metadata = { name: 'system-pod', namespace: 'kube-system' };
  const pod = { ...podOn(cluster.joiner.name), metadata };
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(pod) });
  await until('a running pod', async () => {
    const read = [
      '-n',
      'kube-system',
      'get',
      'pod',
      'system-pod',
      '-o',
      'jsonpath={.status.phase}',
    ];
    return (await cluster.kubectl(read)) === 'Running' ? true : undefined;
  });
}

/** What a unit without credentials runs. 10: there is no systemd that restarts the kubelet. */
async function followCluster(node: KubeadmNode): Promise<void> {
  const command = ['renew', '--trust-from-cluster', '-o', 'json'];
  const { PATH } = process.env;
  const ran = await run(node.machine.inside([process.execPath, '--', COMMAND, ...command]), {
    env: { PATH, HOME: '/root' },
  });
  if (![0, 10].includes(ran.exitCode))
    throw new Error(`${node.name}: exit code ${ran.exitCode}: ${lastLines(ran)}`);
  const { restarts }: { restarts: { component: string }[] } = JSON.parse(ran.stdout);
  if (restarts.length > 0) await node.kubelet.restart();
}

/** Containers, kubelet and network disappear at the same time, as in a power failure. */
async function switchOff(node: KubeadmNode): Promise<void> {
  await node.kubelet.kill();
  const tasks = 'ctr -n k8s.io tasks';
  await node.shell(`for id in $(${tasks} ls -q); do ${tasks} kill -s SIGKILL "$id" || true; done`);
  await node.shell('ip link set eth0 down');
}

async function switchOn(node: KubeadmNode): Promise<void> {
  await node.shell(`ip link set eth0 up && ip route add default via ${TEST_ADDRESS}`);
  node.kubelet.start();
}

async function isReady(cluster: WholeCluster, { name }: KubeadmNode): Promise<boolean> {
  const node = JSON.parse(await cluster.kubectl(['get', 'node', name, '-o', 'json']));
  return node.status.conditions.some(
    ({ type, status }: { type: string; status: string }) => type === 'Ready' && status === 'True',
  );
}

function requireSameCa(first: KubeadmNode, node: KubeadmNode): void {
  if (caFileOn(node, 'ca') !== caFileOn(first, 'ca'))
    throw new Error(`ca.crt of ${node.name} is not that of ${first.name}`);
}
