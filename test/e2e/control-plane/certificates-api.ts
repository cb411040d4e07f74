/**
 * Kubernetes' certificates API in external-CA mode. kubeadm configures no CA key for kube-controller-manager, so that it
 * signs nothing. With the path of a missing key it would not start.
 */
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { mustRun } from '../harness/program.ts';
import type { ControlPlane } from './cluster.ts';
import { Component, commandOf } from './component.ts';

const SIGNING_FLAGS = ['--cluster-signing-cert-file', '--cluster-signing-key-file'];

/** kubeadm's flags with these changes: only the signer runs, in addition to the controller manager that leads. */
export async function withDeletedKey(plane: ControlPlane): Promise<string> {
  const node = plane.first;
  const own = {
    '--cluster-signing-cert-file': '/etc/kubernetes/pki/ca.crt',
    '--cluster-signing-key-file': '/etc/kubernetes/pki/ca.key',
    '--leader-elect': 'false',
    '--controllers': 'csrsigning',
    '--secure-port': '10357',
  };
  const log = join(node.folder, 'log', 'kube-controller-manager-with-deleted-key');
  const manager = new Component(node.command('kube-controller-manager', own), log);
  try {
    const ended = await Promise.race([manager.ended().then(() => true), timeout()]);
    if (!ended) throw new Error(`still running: ${manager.log()}`);
    const line = manager.lastLine(/ca\.key/);
    if (line === undefined) throw new Error(`ended for another reason: ${manager.log()}`);
    return line.replace(/^.*?\] /, '');
  } finally {
    await manager.stop('SIGKILL');
  }
}

const timeout = () =>
  new Promise<false>((resolve) => setTimeout(() => resolve(false), 60_000).unref());

/** An administrator approves a CSR, and no signer exists. */
export async function approvedNeverIssued(plane: ControlPlane): Promise<string> {
  const flags = commandOf(plane.first.file('manifests/kube-controller-manager.yaml'));
  const named = flags.filter((flag) => SIGNING_FLAGS.some((name) => flag.startsWith(`${name}=`)));
  const set = named.filter((flag) => !flag.endsWith('='));
  if (named.length === 0 || set.length > 0) throw new Error(`kubeadm sets ${named.join(' ')}`);
  // the leader logs at its start that it has no signer, so waiting longer would not help
  const words = await until('the log line of the leader without a signer', async () =>
    plane.nodes
      .map((node) => node.component('kube-controller-manager').lastLine(NO_SIGNER))
      .find((line) => line !== undefined),
  );
  await createCsr(plane);
  await plane.kubectl('super-admin.conf', ['certificate', 'approve', NAME]);
  const get = ['get', 'csr', NAME, '-o', 'jsonpath={.status}'];
  const status = await plane.kubectl('super-admin.conf', get);
  const { certificate, conditions } = JSON.parse(status);
  const types = conditions.map(({ type }: { type: string }) => type).join(', ');
  if (types !== 'Approved' || certificate !== undefined) throw new Error(status);
  return `${types}; ${words.replace(/^.*?\] /, '')}`;
}

const NO_SIGNER = /Skipping CSR signer controller because no csr cert\/key was specified/;
const NAME = 'never-signed';

async function createCsr(plane: ControlPlane): Promise<void> {
  const file = join(plane.first.folder, NAME);
  const subject = '/CN=jane';
  const key = ['-newkey', 'rsa:2048', '-noenc', '-keyout', `${file}.key`];
  await mustRun(['openssl', 'req', '-new', ...key, '-subj', subject, '-out', `${file}.csr`]);
  const request = Buffer.from(await mustRun(['cat', `${file}.csr`])).toString('base64');
  await plane.apply({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: NAME },
    spec: { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
  });
}
