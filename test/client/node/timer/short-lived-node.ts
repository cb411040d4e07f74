/** A node's /etc/kubernetes for the machine: certificates that expire within 30 days, cakeless.yaml, two static pods. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCAL_BUCKETS } from '../../../../client/local-service.ts';
import { writeManifest } from '../../../support/fake-kubelet.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { CLUSTER, type NodeFixture } from '../../../support/node-folder.ts';
import { cakeless, type Run } from '../../../support/running-service-command.ts';

/** @param also copies of kubeconfigs, by their paths on the machine. @returns the folder */
export async function makeShortLivedNode(
  fixture: NodeFixture,
  folder: string,
  also: readonly string[],
): Promise<string> {
  await shortenValidity(fixture, folder);
  const node = fixture.copy();
  const renew = ['renew', 'all', '--no-restart'];
  await fixture.run(node, ...renew, '--request', 'short'); // super-admin.conf waits
  await fixture.approve('short');
  succeeded(await fixture.run(node, ...renew, '--wait', '1m', '--if-expires-within', '60d'));
  rmSync(join(node, 'cakeless'), { recursive: true });
  writeFileSync(
    join(node, 'cakeless.yaml'),
    `cluster: ${CLUSTER}\nnode: ${fixture.node}\nexchangeBucket: ${LOCAL_BUCKETS.exchange}\nregion: eu-central-1\nalso: [${also}]\n`,
  );
  const variables = Object.entries(fixture.environment()).filter(([name]) => /^AWS_/.test(name));
  const lines = variables.map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(node, 'cakeless.env'), lines.join(''), { mode: 0o600 });
  writePods(node);
  return node;
}

/** Makes new certificates of the cluster valid for 30 days. */
async function shortenValidity(fixture: NodeFixture, folder: string): Promise<void> {
  const config = join(folder, 'config.yaml');
  const { configYaml = '' } = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
  const kind = 'kind: ClusterConfiguration\n';
  writeFileSync(config, configYaml.replace(kind, `${kind}certificateValidityPeriod: 720h0m0s\n`));
  const record = ['--kubeadm-config', config, '--trust-domain', 'fleet'];
  succeeded(await cakeless(fixture.service.environment, 'cluster', 'apply', CLUSTER, ...record));
}

/** The components of a release that must be restarted. kube-scheduler does not run as root. */
function writePods(node: string): void {
  const pair = [
    '--tls-cert-file=/etc/kubernetes/pki/apiserver.crt',
    '--tls-private-key-file=/etc/kubernetes/pki/apiserver.key',
  ];
  writeManifest(node, 'kube-apiserver', 'v1.34.0', [
    ...['--advertise-address=127.0.0.1', '--secure-port=6443', ...pair],
  ]);
  writeManifest(node, 'kube-scheduler', 'v1.34.0', [
    ...['--bind-address=127.0.0.1', '--secure-port=10259', ...pair, '--run-as=65534'],
    '--kubeconfig=/etc/kubernetes/scheduler.conf',
  ]);
}

function succeeded({ exitCode, stderr }: Run): void {
  if (exitCode !== 0) throw new Error(stderr);
}
