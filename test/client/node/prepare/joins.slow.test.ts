/** A second control plane, and nodes with an external etcd. */
import { existsSync, readFileSync } from 'node:fs';
import { EXIT } from '../../../../client/exit-codes.ts';
import { newest, useFleet } from '../../../support/fleet.ts';
import { CONTROL_PLANE, joinConfiguration } from './joins.ts';

const fleet = useFleet();
const newNode = fleet.newNode;

describe('nodes that join', () => {
  it('another control plane needs sa.key of the first, and gets no super-admin.conf', async () => {
    const first = await newNode();
    await first.prepareWhole();
    const node = await newNode(newest, joinConfiguration(CONTROL_PLANE));
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
