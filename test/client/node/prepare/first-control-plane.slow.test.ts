/** The first control plane with several versions of kubeadm, and what is printed and reported. */

import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { EXIT } from '../../../../client/exit-codes.ts';
import { kubeconfigText } from '../../../../client/node/disk/kubeconfig-text.ts';
import { snapshot, useFleet } from '../../../support/fleet.ts';
import { itPreparesFirstControlPlane } from './first-control-plane.ts';

const fleet = useFleet();
const newNode = fleet.newNode;

it('a dry run writes and sends nothing', async () => {
  const node = await newNode();
  const before = snapshot(node.folder);
  const { exitCode, text } = await node.prepare({ dryRun: true, output: 'text' });
  expect(exitCode).toBe(EXIT.done);
  expect(text).toMatch(/apiserver +would be requested +CN=kube-apiserver +ECDSA-P256/);
  expect(snapshot(node.folder)).toEqual(before);
  expect(await fleet.service.keys('exchange', `requests/${node.cluster}/`)).toEqual([]);
});

it('an incomplete kubeconfig has neither a CA nor a certificate, like those of generate-csr', () => {
  const text = kubeconfigText({ server: 's', clusterName: 'c', userName: 'u', privateKey: 'k' });
  expect(text).not.toMatch(/certificate/);
});

describe.each([
  ['1.22.17', 'v6-rsa2048'],
  ['1.29.15', 'v4-p256'],
  ['1.37.2', 'v4-p256'],
])('the first control plane, %s %s', (version, config) => {
  itPreparesFirstControlPlane(fleet, version, config);
});

it('reports existing kubeconfigs whose server is different or is not verified', async () => {
  const node = await newNode();
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
