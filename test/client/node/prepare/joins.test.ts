/** Nodes that join, and nodes with an external etcd. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../../../client/exit-codes.ts';
import { KUBELET_PEM } from '../../../../client/node/disk/places.ts';
import { newest, present, snapshot, useFleet } from '../../../support/fleet.ts';
import { joinConfiguration } from './joins.ts';

const fleet = useFleet();
const newNode = fleet.newNode;

describe('nodes that join', () => {
  it('a worker gets kubelet.conf and ca.crt, and nothing else', async () => {
    const node = await newNode(newest, joinConfiguration(''));
    const { exitCode, result } = await node.prepare();
    expect(exitCode).toBe(EXIT.done);
    expect(result.next).toMatch(/FileAvailable-\S+-kubelet\.conf,FileAvailable-\S+pki-ca\.crt$/);
    const files = Object.keys(snapshot(node.folder)).map((f) => f.slice(node.folder.length + 1));
    expect(files).toEqual(['config.yaml', 'kubelet.conf', 'kubelet.conf.csr', 'pki/ca.crt']);
    const { server } = present(node, 'kubelet.conf').kubeconfig ?? {};
    expect(server).toBe('https://api.prod.example.com:6443');
  });

  it("a kubelet.conf is kept, whatever an earlier kubelet's certificate contains", async () => {
    const node = await newNode(newest, joinConfiguration(''));
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
    const yaml = joinConfiguration('').replace(
      'token: abc',
      `caCertHashes: ["sha256:${'1'.repeat(64)}"], token: abc`,
    );
    const node = await newNode(newest, yaml);
    const { exitCode, result } = await node.prepare();
    expect(exitCode).toBe(EXIT.checkFailed);
    expect(result.trustProblems.join()).toMatch(/is not the pinned one/);
  });
});
