/** Certificates with one defect each: which of the real programs refuses them, and with which message. */

import { X509Certificate } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hopeless, until } from '../../support/until.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { embed } from '../harness/certify.ts';
import { lastLines, mustFail, mustRun, run } from '../harness/program.ts';
import { etcdProgram } from '../harness/programs.ts';
import type { Check, Report } from '../harness/report.ts';
import type { ControlPlane } from './cluster.ts';
import { Component } from './component.ts';
import { gatewayCommand } from './etcd-gateway.ts';
import { Forger } from './forger.ts';
import { servedFingerprint } from './served.ts';

export const REFUSED = 'refused';

export const REFUSED_CHECKS = [
  'apiserver without SANs: kubectl',
  'apiserver expired: kubectl',
  'apiserver by the recipe without extensions: kubectl',
  'apiserver by the recipe with -copy_extensions: no usages, and accepted',
  'admin.conf expired: kube-apiserver',
  'front-proxy-client from etcd-ca: kube-controller-manager',
  'front-proxy-client from ca: kube-controller-manager',
  'etcd-server without clientAuth: its own HTTP gateway',
  'etcd-peer without clientAuth: the other member',
];

const LEAF = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'];
const SERVER = [...LEAF, 'extendedKeyUsage=serverAuth'];
const CLIENT = [...LEAF, 'extendedKeyUsage=clientAuth'];

export async function runRefused(
  report: Report,
  service: CakelessService,
  plane: ControlPlane,
): Promise<void> {
  const forger = new Forger(service.dataDir, join(plane.first.folder, 'forged'));
  await report.row(REFUSED, [plane.plan.release], REFUSED_CHECKS, async (check) => {
    await spoilApiServer(check, plane, forger);
    await check('admin.conf expired: kube-apiserver', () => expiredAdmin(plane, forger));
    await spoilFrontProxy(check, plane, forger);
    await check('etcd-server without clientAuth: its own HTTP gateway', () =>
      etcdServer(plane, forger),
    );
    await check('etcd-peer without clientAuth: the other member', () => etcdPeer(plane, forger));
  });
}

/** kube-apiserver reloads its serving certificate when the file changes, so it is not restarted. */
async function spoilApiServer(check: Check, plane: ControlPlane, forger: Forger): Promise<void> {
  const node = plane.first;
  const [caFile, crtFile] = [node.file('pki/ca.crt'), node.file('pki/apiserver.crt')];
  const good = readFileSync(crtFile, 'utf8');
  const names = `subjectAltName=IP:${node.address}`;
  const forgery = { subject: '/CN=kube-apiserver', keyFile: node.file('pki/apiserver.key') };
  const put = async (pem: string) => {
    writeFileSync(crtFile, pem);
    const wanted = new X509Certificate(pem).fingerprint256;
    await until('the certificate is served', async () =>
      (await servedFingerprint(node.address, 6443)) === wanted ? true : undefined,
    );
  };
  const ask = [`--server=https://${node.address}:6443`, 'get', '--raw', '/readyz'];
  const refuses = async (pem: string) => {
    await put(pem);
    return saying(await mustFail(plane.kubectlCommand('super-admin.conf', ask)), /x509/);
  };
  try {
    await check('apiserver without SANs: kubectl', async () =>
      refuses(await forger.make(caFile, { ...forgery, extensions: SERVER })),
    );
    await check('apiserver expired: kubectl', async () =>
      refuses(await forger.make(caFile, { ...forgery, extensions: [...SERVER, names], days: -1 })),
    );
    const request = ['-addext', names];
    await check('apiserver by the recipe without extensions: kubectl', async () =>
      refuses(await forger.make(caFile, { ...forgery, request, extensions: [] })),
    );
    await check(
      'apiserver by the recipe with -copy_extensions: no usages, and accepted',
      async () => {
        const signing = ['-copy_extensions', 'copyall'];
        const pem = await forger.make(caFile, { ...forgery, request, extensions: [], signing });
        await put(pem);
        await plane.kubectl('super-admin.conf', ask);
        const { keyUsage } = new X509Certificate(pem);
        return `accepted; extended key usages: ${keyUsage?.join(', ') ?? 'none'}`;
      },
    );
  } finally {
    await put(good);
  }
}

async function expiredAdmin(plane: ControlPlane, forger: Forger): Promise<string> {
  const node = plane.first;
  const copy = join(node.folder, 'expired-admin.conf');
  const keyFile = join(node.folder, 'expired-admin.key');
  await mustRun(['openssl', 'genpkey', '-algorithm', 'RSA', '-out', keyFile]);
  const subject = '/O=kubeadm:cluster-admins/CN=kubernetes-admin';
  const caFile = node.file('pki/ca.crt');
  const pem = await forger.make(caFile, { subject, keyFile, extensions: CLIENT, days: -1 });
  cpSync(node.file('admin.conf'), copy);
  embed(copy, readFileSync(caFile), Buffer.from(pem), readFileSync(keyFile));
  const ask = [`--server=https://${node.address}:6443`, 'auth', 'whoami'];
  const refusal = await mustFail(plane.kubectlCommand(copy, ask));
  const logged = await until('the log line of the API server', async () =>
    node.component('kube-apiserver').lastLine(/certificate has expired/),
  );
  return `${refusal} / ${logged.slice(logged.indexOf('x509'))}`;
}

/**
 * kube-controller-manager trusts front-proxy-client as an aggregated API does, with the same code and flags. The valid
 * certificate is tried first, so that a refusal means something.
 */
async function spoilFrontProxy(check: Check, plane: ControlPlane, forger: Forger): Promise<void> {
  const node = plane.first;
  const keyFile = node.file('pki/front-proxy-client.key');
  const forged = join(node.folder, 'front-proxy-client.crt');
  const ask = (crt: string) =>
    run(
      node.space.inside([
        ...['curl', '--silent', '--show-error', '--insecure', '--fail-with-body'],
        ...['--cert', crt, '--key', keyFile, '--max-time', '20'],
        ...['--header', 'X-Remote-User: root', '--header', 'X-Remote-Group: system:masters'],
        'https://127.0.0.1:10257/metrics',
      ]),
    );
  for (const [ca, caFile, words] of [
    ['etcd-ca', 'pki/etcd/ca.crt', /Unauthorized/],
    ['ca', 'pki/ca.crt', /forbidden.*front-proxy-client/],
  ] as const)
    await check(`front-proxy-client from ${ca}: kube-controller-manager`, async () => {
      const right = await ask(node.file('pki/front-proxy-client.crt'));
      if (right.exitCode !== 0) throw new Error(`the valid one: ${lastLines(right)}`);
      const forgery = { subject: '/CN=front-proxy-client', keyFile, extensions: CLIENT };
      writeFileSync(forged, await forger.make(node.file(caFile), forgery));
      const wrong = await ask(forged);
      if (wrong.exitCode === 0) throw new Error('it was trusted');
      const { message = lastLines(wrong) } = JSON.parse(wrong.stdout || '{}');
      return saying(message, words);
    });
}

const ETCD_NAMES = 'subjectAltName=DNS:localhost,IP:127.0.0.1';

/** A copy of the first node's etcd certificates in which one is forged. */
async function forgedEtcd(plane: ControlPlane, forger: Forger, which: 'server' | 'peer') {
  const pki = join(plane.first.folder, `etcd-${which}`);
  cpSync(plane.first.file('pki/etcd'), pki, { recursive: true });
  const forgery = {
    subject: `/CN=${plane.first.name}`,
    keyFile: join(pki, `${which}.key`),
    extensions: [...SERVER, ETCD_NAMES],
  };
  writeFileSync(join(pki, `${which}.crt`), await forger.make(join(pki, 'ca.crt'), forgery));
  return pki;
}

/** Members on the loopback interface, each with its own ports. */
function startMembers(pki: string, names: readonly string[]): Component[] {
  mkdirSync(join(pki, 'data'));
  const peer = (i: number) => `https://127.0.0.1:${12380 + 10 * i}`;
  const client = (i: number) => `https://127.0.0.1:${12379 + 10 * i}`;
  const members = names.map((name, i) => `${name}=${peer(i)}`).join(',');
  return names.map((name, i) => {
    const urls = [
      `--listen-client-urls=${client(i)}`,
      `--advertise-client-urls=${client(i)}`,
      `--listen-peer-urls=${peer(i)}`,
      `--initial-advertise-peer-urls=${peer(i)}`,
      `--initial-cluster=${members}`,
    ];
    const tls = [
      `--cert-file=${pki}/server.crt`,
      `--key-file=${pki}/server.key`,
      `--trusted-ca-file=${pki}/ca.crt`,
      '--client-cert-auth=true',
      `--peer-cert-file=${pki}/peer.crt`,
      `--peer-key-file=${pki}/peer.key`,
      `--peer-trusted-ca-file=${pki}/ca.crt`,
      '--peer-client-cert-auth=true',
    ];
    const identity = [`--name=${name}`, `--data-dir=${pki}/data/${name}`];
    return new Component(
      [etcdProgram('etcd'), ...identity, ...urls, ...tls],
      join(pki, `${name}.log`),
    );
  });
}

async function etcdServer(plane: ControlPlane, forger: Forger): Promise<string> {
  const pki = await forgedEtcd(plane, forger, 'server');
  const members = startMembers(pki, ['a']);
  try {
    const health = [
      etcdProgram('etcdctl'),
      '--endpoints=https://127.0.0.1:12379',
      `--cacert=${pki}/ca.crt`,
      `--cert=${pki}/healthcheck-client.crt`,
      `--key=${pki}/healthcheck-client.key`,
      ...['endpoint', 'health'],
    ];
    await until('gRPC works', () => mustRun(health));
    // whether the server's alert or the broken connection is reported first is random: repeated until it is the alert
    const words = /tls|certificate|handshake/;
    return await until('the reason from the gateway', async () => {
      const answer = await mustFail(gatewayCommand('127.0.0.1', pki, 12379)).catch(hopeless);
      return words.test(answer) ? answer : undefined;
    });
  } finally {
    await Promise.all(members.map((member) => member.stop()));
  }
}

async function etcdPeer(plane: ControlPlane, forger: Forger): Promise<string> {
  const pki = await forgedEtcd(plane, forger, 'peer');
  const members = startMembers(pki, ['a', 'b']);
  try {
    const words = /incompatible key usage|bad certificate/;
    const line = await until('the log line of a member', async () => members[0]?.lastLine(words));
    const { error = line } = JSON.parse(line);
    return saying(error, words);
  } finally {
    await Promise.all(members.map((member) => member.stop('SIGKILL')));
  }
}

function saying(words: string, expected: RegExp): string {
  if (expected.test(words)) return words;
  throw new Error(`refused for another reason: ${words}`);
}
