/** Step 6 of docs/existing-cluster.md: the forwarder, beside a kube-controller-manager that still signs. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND } from '../../support/running-service-process.ts';
import { Hopeless, until } from '../../support/until.ts';
import { Api, pemOf, SIGNERS } from '../certificates-api/api.ts';
import { recordsBelow } from '../certificates-api/ledger.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun } from '../harness/program.ts';
import { kubernetesProgram } from '../harness/programs.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { contentsOf, requireSame } from './pki.ts';
import { LIVE } from './plan.ts';
import { serialOf } from './serial.ts';

const TOO_EARLY = 'release-keys without a forwarder refuses, and changes nothing';
const INSTALLED = 'install-csrsigning on every control plane';
const BESIDE = 'beside a controller manager with the same key, the forwarder runs and says so';
const SERVED =
  'the service issues serving certificates of kubelets, signed by kubelet-ca; what is written first stays';
const REMOVED =
  'install-csrsigning --remove everywhere: the controller manager signs as before; installed again';

export const FORWARDER_CHECKS = [TOO_EARLY, INSTALLED, BESIDE, SERVED, REMOVED];

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
    return installAll(service, controlPlanes);
  });
  await check(BESIDE, async () => {
    for (const node of controlPlanes) saysSo(node.forwarderLog());
    await first.cakeless(['csrsigning', '--check']);
    return saysSo(first.forwarderLog());
  });
  const api = new Api(cluster.endpoint());
  try {
    await check(SERVED, () =>
      until('a serving certificate', async () => {
        const signers = await servingSigners(cluster, service, api);
        const bySigner = [...signers].map(([name, signer]) => `${name}: ${signer}`).join(', ');
        const records = await recordsBelow(service, `${LIVE}/`);
        const serving = records.filter(({ key }) => key.includes('kubelet-serving'));
        const others = serving.filter(({ ca }) => ca !== 'kubelet-ca');
        if (others.length > 0) throw new Hopeless(others.map(({ key }) => key).join(', '));
        if (serving.length === 0) throw new Error(bySigner);
        return `${serving.length} issued; in place: ${bySigner}`;
      }),
    );
    await check(REMOVED, async () => {
      for (const node of controlPlanes) {
        await node.stopForwarder();
        await onUnits(service, node, ['--remove']);
        const left = readdirSync(unitFolder(node)).filter((name) => name !== 'systemctl');
        if (left.length > 0) throw new Error(`${node.name}: ${left.join(', ')}`);
      }
      const signed = await signedByControllerManager(cluster, service, api);
      return `${signed}; ${await installAll(service, controlPlanes)}`;
    });
  } finally {
    api.close();
  }
}

async function installAll(
  service: CakelessService,
  nodes: readonly KubeadmNode[],
): Promise<string> {
  for (const node of nodes) {
    await onUnits(service, node, ['--command', `${process.execPath} -- ${COMMAND}`]);
    node.startForwarder();
  }
  for (const node of nodes)
    await until(`the forwarder of ${node.name}`, () => node.forwarderReady());
  return `${nodes.length} are ready`;
}

const unitFolder = ({ machine }: KubeadmNode) => join(machine.folder, 'systemd');

/** There is no systemd: a stand-in for systemctl does nothing, and the test starts and stops what the unit runs. */
async function onUnits(
  service: CakelessService,
  node: KubeadmNode,
  options: readonly string[],
): Promise<void> {
  const folder = unitFolder(node);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'systemctl'), '#!/bin/sh\n', { mode: 0o755 });
  const withSystemctl = {
    inside: (command: readonly string[]) =>
      node.machine.inside(['env', `PATH=${folder}:${process.env.PATH}`, ...command]),
  };
  const args = ['install-csrsigning', '--unit-dir', folder, ...options];
  await node.shell('mkdir -p /run/systemd/system');
  await service.mustCakelessOn(withSystemctl, node.principal, args);
  await node.shell('rmdir /run/systemd/system'); // otherwise the client would restart kubelets with it
}

/** A CSR like that of a kubelet's rotation, with its credentials, which the controller manager approves and signs. */
async function signedByControllerManager(
  { first, release }: WholeCluster,
  service: CakelessService,
  api: Api,
): Promise<string> {
  const username = `system:node:${first.name}`;
  const csr = await mustRun([
    ...['openssl', 'req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ...['-noenc', '-keyout', '/dev/null', '-subj', `/O=system:nodes/CN=${username}`],
  ]);
  const object = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'without-forwarder' },
    spec: {
      request: Buffer.from(csr).toString('base64'),
      signerName: SIGNERS.client,
      usages: ['digital signature', 'client auth'],
    },
  };
  const kubectl = [
    kubernetesProgram(release, 'kubectl'),
    '--kubeconfig=/etc/kubernetes/kubelet.conf',
  ];
  await mustRun(first.machine.inside([...kubectl, 'create', '-f', '-']), {
    input: JSON.stringify(object),
  });
  const issued = await until('a certificate of the controller manager', async () => {
    const csrs = await api.csrs({ signerName: SIGNERS.client, username });
    return csrs.find(({ metadata }) => metadata.name === 'without-forwarder')?.status.certificate;
  });
  const { serial, issuer } = serialOf(pemOf(issued));
  const records = await recordsBelow(service, `${LIVE}/`);
  if (records.some((record) => record.serial.toLowerCase() === serial))
    throw new Error('the service signed it');
  return `${issuer} signed ${serial}, which no record has`;
}

function saysSo(log: string): string {
  const said = log.split('\n').find((line) => line.includes('kube-controller-manager'));
  if (said === undefined) throw new Error(log.slice(-600));
  return said;
}

/**
 * Who signed the newest serving certificate of each kubelet. As soon as the forwarder has approved a CSR, a controller
 * manager that has the CA key signs it, too: the certificate that is written first stays.
 */
async function servingSigners(
  { nodes }: Pick<WholeCluster, 'nodes'>,
  service: CakelessService,
  api: Api,
): Promise<Map<string, 'service' | 'controller manager' | 'nobody'>> {
  const records = await recordsBelow(service, `${LIVE}/`);
  const recorded = new Set(records.map(({ serial }) => serial.toLowerCase()));
  const signers = new Map<string, 'service' | 'controller manager' | 'nobody'>();
  for (const { name } of nodes) {
    const username = `system:node:${name}`;
    const csrs = await api.csrs({ signerName: SIGNERS.serving, username });
    const certificate = csrs.findLast(({ status }) => status.certificate)?.status.certificate;
    const found = certificate === undefined ? undefined : serialOf(pemOf(certificate));
    if (found === undefined) signers.set(name, 'nobody');
    else if (!recorded.has(found.serial)) signers.set(name, 'controller manager');
    else if (found.issuer === 'CN=kubelet-ca') signers.set(name, 'service');
    else throw new Error(`${name}: ${found.issuer} signed what the ledger has`);
  }
  return signers;
}

/** A kubelet whose serving certificate is the controller manager's asks again, as docs/existing-cluster.md says. */
export async function askAgain(
  cluster: WholeCluster,
  service: CakelessService,
  api: Api,
): Promise<string> {
  const signers = await servingSigners(cluster, service, api);
  const others = cluster.nodes.filter(({ name }) => signers.get(name) !== 'service');
  for (const { machine, kubelet } of others) {
    await mustRun(machine.inside(['rm', '-f', '/var/lib/kubelet/pki/kubelet-server-current.pem']));
    await kubelet.restart();
  }
  const all = { nodes: cluster.everyNode };
  await until('serving certificates of the service', async () => {
    const now = await servingSigners(all, service, api);
    const without = [...now].filter(([, signer]) => signer !== 'service');
    if (without.length > 0) throw new Error(without.join('; '));
    return true;
  });
  return `${others.length} of ${cluster.nodes.length} asked again`;
}
