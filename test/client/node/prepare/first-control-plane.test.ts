/** A new node from nothing to the point where kubeadm takes over, with the whole service. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { EXIT } from '../../../../client/exit-codes.ts';
import { kubeconfigText } from '../../../../client/node/disk/kubeconfig-text.ts';
import { isCertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../../lib/profiles/profile-for.ts';
import { readCertificateFacts } from '../../../support/certificate-facts.ts';
import { present, snapshot, useFleet } from '../../../support/fleet.ts';
import { type ChainItem, judgeChain } from '../../../support/judges.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import type { NewNode } from '../../../support/new-node.ts';

const fleet = useFleet();
const newNode = fleet.newNode;

describe.each([
  ['1.22.17', 'v6-rsa2048'],
  ['1.29.15', 'v4-p256'],
  ['1.37.2', 'v4-p256'],
])('the first control plane, %s %s', (version, config) => {
  const set = kubeadmSet(version, 'generate-csr', config);
  let node: NewNode;
  let first: Awaited<ReturnType<NewNode['prepare']>>;
  let second: typeof first;

  beforeAll(async () => {
    node = await newNode(set);
    first = await node.prepare();
    await node.approveAll(first.result);
    second = await node.prepare();
  });

  it('certificates with system:masters need approval, all others are written', () => {
    const masters = set.csrs
      .filter(
        ({ subject, path }) =>
          subject.some(([, value]) => value === 'system:masters') && !/etcd/.test(path),
      )
      .map(({ certificateName }) => certificateName);
    expect(first.exitCode).toBe(EXIT.pending);
    const pending = first.result.certificates.filter(({ state }) => state === 'pending');
    expect(pending.map(({ name }) => name).sort()).toEqual(masters.sort());
    expect(first.result.next).toBeUndefined();
    expect(first.result.preflightProblems.length).toBeGreaterThanOrEqual(masters.length);
  });

  it('after the approval the set is complete, kubeadm init is next, and a third run changes nothing', async () => {
    expect(second.result.preflightProblems).toEqual([]);
    expect(second.exitCode).toBe(EXIT.done);
    expect(second.result.next).toBe(`kubeadm init --config ${node.at('config.yaml')}`);
    const before = snapshot(node.folder);
    const requests = await fleet.service.keys('exchange', `requests/${node.cluster}/`);
    expect(requests).toHaveLength(set.csrs.length);

    const third = await node.prepare();
    expect(third.exitCode).toBe(EXIT.done);
    expect(third.result.next).toBe(second.result.next);
    const there = third.result.certificates;
    expect(new Set(there.map(({ state }) => state))).toEqual(new Set(['existing']));
    const written = second.result.certificates.find(({ state }) => state === 'written');
    expect(there.find(({ name }) => name === written?.name)?.notAfter).toBe(written?.notAfter);
    expect(snapshot(node.folder)).toEqual(before);
    expect(await fleet.service.keys('exchange', `requests/${node.cluster}/`)).toEqual(requests);
  });

  it('OpenSSL verifies every certificate for its usages and names, with the CA on disk', () => {
    const items = set.csrs.flatMap(({ certificateName: name, sans }): ChainItem[] => {
      const { chain } = present(node, name);
      if (!isCertificateName(name)) throw new Error(name);
      const { extendedKeyUsages, ca } = profileOf(name);
      const roots = readFileSync(
        node.at('pki', ca === 'etcd-ca' ? 'etcd/ca.crt' : `${ca}.crt`),
        'utf8',
      );
      return extendedKeyUsages.map((usage) => ({
        name: `${name} ${usage}`,
        certificate: chain.join('\n'),
        roots,
        usage,
        dnsNames: usage === 'serverAuth' ? sans.dns.filter((d) => !d.startsWith('*')) : [],
        ips: usage === 'serverAuth' ? sans.ip : [],
      }));
    });
    expect(judgeChain(items, ['openssl']).filter(({ ok }) => !ok)).toEqual([]);
  });

  it('subject, usages and names equal those that kubeadm issues with a local CA', () => {
    for (const { certificateName: name, reference = '' } of set.csrs) {
      const { chain } = present(node, name);
      const [own, real] = [chain[0] ?? '', readFileSync(reference, 'utf8')].map((pem) => {
        const { subject, names, extendedKeyUsages } = readCertificateFacts(pem);
        return { subject, names: [...names].sort(), extendedKeyUsages };
      });
      expect([name, own]).toEqual([name, real]);
    }
  });

  it('keys match their certificates, and only their owner may read them', () => {
    for (const { certificateName } of set.csrs) {
      const { problems, keyFile = '' } = present(node, certificateName);
      expect(problems).toEqual([]);
      expect((statSync(keyFile).mode & 0o777).toString(8)).toBe('600');
    }
    const [key, pub] = ['sa.key', 'sa.pub'].map((name) => node.at('pki', name));
    expect((statSync(key ?? '').mode & 0o777).toString(8)).toBe('600');
    expect(
      createPublicKey(createPrivateKey(readFileSync(key ?? ''))).equals(
        createPublicKey(readFileSync(pub ?? '')),
      ),
    ).toBe(true);
  });

  it('no CA key and no temporary file is left', () => {
    const files = Object.keys(snapshot(node.folder));
    expect(files.filter((file) => /ca\.key$|\.tmp$/.test(file))).toEqual([]);
  });
});

it('reports existing kubeconfigs whose server is different or is not verified', async () => {
  const node = await fleet.newNode();
  await node.prepareWhole();
  const edit = (file: string, from: RegExp, to: string) =>
    writeFileSync(node.at(file), readFileSync(node.at(file), 'utf8').replace(from, to));
  edit('scheduler.conf', /server: .*/, 'server: https://10.9.9.9:6443');
  edit('admin.conf', /^(\s+)(server: .*)$/m, '$1$2\n$1insecure-skip-tls-verify: true');
  edit('controller-manager.conf', /(server: .*)/, '$1/'); // the same
  const { exitCode, result } = await node.prepare();
  expect(exitCode).toBe(EXIT.checkFailed);
  expect(result.preflightProblems).toEqual([
    {
      file: node.at('admin.conf'),
      problem: expect.stringContaining('it does not verify the API server'),
    },
    {
      file: node.at('scheduler.conf'),
      problem: expect.stringMatching(
        /^its server is https:\/\/10\.9\.9\.9:6443, but the configuration says https:/,
      ),
    },
  ]);
});

it('kubeconfigs equal those of kubeadm, field by field', async () => {
  const node = await newNode();
  await node.prepareWhole();
  const ca = readFileSync(node.at('pki/ca.crt'));
  const expected: [string, string, string][] = [
    ['admin.conf', 'kubernetes-admin', 'api.prod.example.com'],
    ['super-admin.conf', 'kubernetes-super-admin', 'api.prod.example.com'],
    // ControlPlaneKubeletLocalMode, from 1.33 on
    ['kubelet.conf', 'system:node:cp-1.prod.example.com', '10.20.0.11'],
    ['controller-manager.conf', 'system:kube-controller-manager', '10.20.0.11'],
    ['scheduler.conf', 'system:kube-scheduler', '10.20.0.11'],
  ];
  for (const [file, user, host] of expected) {
    const document = parse(readFileSync(node.at(file), 'utf8'));
    expect(document).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'prod',
          cluster: {
            server: `https://${host}:6443`,
            'certificate-authority-data': ca.toString('base64'),
          },
        },
      ],
      contexts: [{ name: `${user}@prod`, context: { cluster: 'prod', user } }],
      'current-context': `${user}@prod`,
      users: [
        {
          name: user,
          user: {
            'client-certificate-data': expect.any(String),
            'client-key-data': expect.any(String),
          },
        },
      ],
    });
  }
});

it('a dry run writes and sends nothing', async () => {
  const node = await newNode();
  const before = snapshot(node.folder);
  const { exitCode, text } = await node.prepare({ dryRun: true, output: 'text' });
  expect(exitCode).toBe(EXIT.done);
  expect(text).toMatch(/apiserver +would be requested +CN=kube-apiserver +ECDSA-P256/);
  expect(snapshot(node.folder)).toEqual(before);
  expect(await fleet.service.keys('exchange', `requests/${node.cluster}/`)).toEqual([]);
});

it('a dry run says in JSON what each certificate still needs', async () => {
  const node = await newNode();
  const plan = async () => {
    const { text } = await node.prepare({ dryRun: true });
    return (JSON.parse(text) as { certificates: { name: string }[] }).certificates;
  };
  const before = (await plan()).find(({ name }) => name === 'etcd-peer');
  expect(before).toEqual({
    name: 'etcd-peer',
    subject: 'CN=cp-1.prod.example.com',
    names: expect.arrayContaining(['DNS:cp-1.prod.example.com', 'DNS:localhost']),
    key: 'ECDSA-P256',
    csr: 'would be created',
    state: 'would be requested',
  });
  await node.prepare();
  const after = await plan();
  const { subject, names } = { subject: '', names: [], ...before };
  expect(after.find(({ name }) => name === 'etcd-peer')).toEqual({
    name: 'etcd-peer',
    subject,
    names,
    state: 'exists',
  });
  expect(after.find(({ name }) => name === 'super-admin.conf')).toMatchObject({
    names: [],
    key: 'exists',
    csr: 'exists',
    state: 'would be requested',
  });
});

it('the text says what an approver must run, and what kubeadm would fail on', async () => {
  const node = await newNode();
  const { text } = await node.prepare({ output: 'text' });
  expect(text).toMatch(
    new RegExp(
      `ask an approver to run: cakeless approve ${node.cluster}/\\S+/super-admin.conf.csr`,
    ),
  );
  expect(text).toMatch(/kubeadm would fail: \S+super-admin.conf: /);
});

it('an incomplete kubeconfig has neither a CA nor a certificate, like those of generate-csr', () => {
  const text = kubeconfigText({ server: 's', clusterName: 'c', userName: 'u', privateKey: 'k' });
  expect(text).not.toMatch(/certificate/);
});
