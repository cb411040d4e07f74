/** Nodes that join, and nodes with an external etcd. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../../../client/exit-codes.ts';
import { KUBELET_PEM } from '../../../../client/node/disk/places.ts';
import { newest, present, snapshot, useFleet } from '../../../support/fleet.ts';

const fleet = useFleet();
const newNode = fleet.newNode;

describe('nodes that join', () => {
  const join2 = (role: string) => `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: { name: cp-1.prod.example.com }
discovery: { bootstrapToken: { apiServerEndpoint: "api.prod.example.com:6443", token: abcdef.0123456789abcdef } }
${role}---
${(newest.configYaml ?? '').split('---\n')[1] ?? ''}`;
  const controlPlane = 'controlPlane: { localAPIEndpoint: { advertiseAddress: 10.20.0.11 } }\n';

  it('another control plane needs sa.key of the first, and gets no super-admin.conf', async () => {
    const first = await newNode();
    await first.prepareWhole();
    const node = await newNode(newest, join2(controlPlane));
    const without = await node.prepareWhole();
    expect(without.exitCode).toBe(EXIT.checkFailed);
    expect(without.result.preflightProblems.map(({ file }) => file)).toEqual([
      node.at('pki/sa.key'),
      node.at('pki/sa.pub'),
    ]);
    const { exitCode, result } = await node.prepare({ saKeyFrom: first.at('pki/sa.key') });
    expect(exitCode).toBe(EXIT.done);
    expect(result.next).toMatch(
      /^kubeadm join --config \S+ --ignore-preflight-errors=FileAvailable-\S+-kubelet\.conf$/,
    );
    for (const name of ['sa.key', 'sa.pub'])
      expect(readFileSync(node.at('pki', name), 'utf8')).toBe(
        readFileSync(first.at('pki', name), 'utf8'),
      );
    expect(existsSync(node.at('super-admin.conf'))).toBe(false);
    await expect(node.prepare({ saKeyFrom: node.at('pki/apiserver.key') })).rejects.toThrow(
      /sa\.key: differs from/,
    );
  });

  it('a worker gets kubelet.conf and ca.crt, and nothing else', async () => {
    const node = await newNode(newest, join2(''));
    const { exitCode, result } = await node.prepare();
    expect(exitCode).toBe(EXIT.done);
    expect(result.next).toMatch(/FileAvailable-\S+-kubelet\.conf,FileAvailable-\S+pki-ca\.crt$/);
    const files = Object.keys(snapshot(node.folder)).map((f) => f.slice(node.folder.length + 1));
    expect(files).toEqual(['config.yaml', 'kubelet.conf', 'kubelet.conf.csr', 'pki/ca.crt']);
    const { server } = present(node, 'kubelet.conf').kubeconfig ?? {};
    expect(server).toBe('https://api.prod.example.com:6443');
  });

  it("a kubelet.conf is kept, whatever an earlier kubelet's certificate contains", async () => {
    const node = await newNode(newest, join2(''));
    const { result: first } = await node.prepare();
    const before = snapshot(node.folder);
    // without the CSR, another request would get another id
    rmSync(node.at('kubelet.conf.csr'));
    const kubeletDir = `${node.folder}-kubelet`;
    mkdirSync(kubeletDir);
    writeFileSync(join(kubeletDir, KUBELET_PEM), 'garbage');
    const { exitCode, result } = await node.prepare({ kubeletDir });
    expect(exitCode).toBe(EXIT.checkFailed);
    const [{ file = '', notAfter = '' } = {}] = first.certificates;
    expect(result.certificates).toEqual([
      { name: 'kubelet.conf', state: 'existing', file, notAfter },
    ]);
    expect(result.preflightProblems).toEqual([
      {
        file: join(kubeletDir, KUBELET_PEM),
        problem: expect.stringMatching(/the kubelet would use it/),
      },
    ]);
    const { [node.at('kubelet.conf.csr')]: _, ...kept } = before;
    expect(snapshot(node.folder)).toEqual(kept);
  });

  it('caCertHashes of the JoinConfiguration pin ca', async () => {
    const yaml = join2('').replace(
      'token: abc',
      `caCertHashes: ["sha256:${'1'.repeat(64)}"], token: abc`,
    );
    const node = await newNode(newest, yaml);
    const { exitCode, result } = await node.prepare();
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/is not the pinned one/);
  });
});

it('with an external etcd no etcd certificate is created, and its files must exist', async () => {
  const yaml = (newest.configYaml ?? '').replace(
    /^etcd:\n(?: .*\n)+/m,
    'etcd: { external: { endpoints: ["https://e:2379"], caFile: /no/ca, certFile: /no/crt, keyFile: /no/key } }\n',
  );
  const node = await newNode(newest, yaml);
  const { result } = await node.prepareWhole();
  expect(existsSync(node.at('pki/etcd'))).toBe(false);
  expect(existsSync(node.at('pki/apiserver-etcd-client.crt'))).toBe(false);
  expect(result.preflightProblems.map(({ file }) => file)).toEqual([
    '/no/ca',
    '/no/crt',
    '/no/key',
  ]);
});
