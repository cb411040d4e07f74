/**
 * Kubernetes' own certificates API in external-CA mode: kubeadm tells kube-controller-manager of no CA key, so that it
 * signs nothing; a name of a key that is not there would keep it from starting.
 */
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { mustRun } from '../harness/program.ts';
import type { ControlPlane } from './cluster.ts';
import { Component, commandOf } from './component.ts';

const SIGNING_FLAGS = ['--cluster-signing-cert-file', '--cluster-signing-key-file'];

/** With kubeadm's own flags but for these: only the signer runs, beside the one that leads. */
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
    const ended = await Promise.race([manager.ended().then(() => true), patience()]);
    if (!ended) throw new Error(`it runs: ${manager.log()}`);
    const words = manager.lastLine(/ca\.key/);
    if (words === undefined) throw new Error(`it ended, but not for this: ${manager.log()}`);
    return words.replace(/^.*?\] /, '');
  } finally {
    await manager.stop('SIGKILL');
  }
}

const patience = () =>
  new Promise<false>((resolve) => setTimeout(() => resolve(false), 60_000).unref());

/** Approved by an administrator, and nobody there who signs. */
export async function approvedNeverIssued(plane: ControlPlane): Promise<string> {
  const flags = commandOf(plane.first.file('manifests/kube-controller-manager.yaml'));
  const named = flags.filter((flag) => SIGNING_FLAGS.some((name) => flag.startsWith(`${name}=`)));
  const set = named.filter((flag) => !flag.endsWith('='));
  if (named.length === 0 || set.length > 0) throw new Error(`kubeadm writes ${named.join(' ')}`);
  // the one that leads says at its start that it has no signer: without that, waiting longer might have helped
  const words = await until('the leader says that it has no signer', async () =>
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
const NAME = 'nobody-signs';

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
