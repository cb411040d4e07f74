/** Concurrent runs, tampered, repeated and rejected outcomes, and what leaves the node. */

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { EXIT } from '../../../../client/exit-codes.ts';
import type { ObjectStore } from '../../../../lib/store/object-store.ts';
import { bound, newest, snapshot, useFleet } from '../../../support/fleet.ts';
import type { NewNode } from '../../../support/new-node.ts';
import { cakeless } from '../../../support/running-service-command.ts';

const fleet = useFleet();
const newNode = fleet.newNode;

it('a certificate that was swapped in the bucket is not written', async () => {
  const node = await newNode();
  const swap = (exchange: ObjectStore): ObjectStore => ({
    ...bound(exchange),
    get: (key, max) =>
      exchange.get(key.replace(/[^/]+\/pki\/etcd\/peer\.crt$/, otherCertificate), max),
  });
  let otherCertificate = (text: string) => text;
  await node.prepare();
  const scheduler = (await fleet.service.keys('exchange', `certificates/${node.cluster}/`)).find(
    (key) => key.endsWith('scheduler.conf.crt'),
  );
  otherCertificate = () => scheduler?.split('/').slice(3).join('/') ?? '';
  rmSync(node.at('pki/etcd/peer.crt'));
  const { exitCode, result } = await node.prepare({}, swap);
  expect(exitCode).toBe(EXIT.checkFailed);
  const peer = result.certificates.find(({ name }) => name === 'etcd-peer');
  expect(peer?.state).toBe('check-failed');
  expect(peer?.problems?.join()).toMatch(/not that of the CSR/);
  expect(existsSync(node.at('pki/etcd/peer.crt'))).toBe(false);
});

it('only CSRs ever leave the node', async () => {
  const node = await newNode();
  const sent: string[] = [];
  const listen = (exchange: ObjectStore): ObjectStore => ({
    ...bound(exchange),
    create: (key, body, ...rest) => {
      sent.push(Buffer.from(body).toString());
      return exchange.create(key, body, ...rest);
    },
    put: () => Promise.reject(new Error('a node replaces nothing')),
  });
  await node.prepare({}, listen);
  expect(sent).toHaveLength(newest.csrs.length);
  for (const text of sent)
    expect(text).toMatch(
      /^-----BEGIN CERTIFICATE REQUEST-----\n[^-]+-----END CERTIFICATE REQUEST-----\n$/,
    );
});

it.each([
  ['prepare', (node: NewNode) => node.prepare()],
  [
    'prepare with another folder of kubeconfigs and the same certificates',
    (node: NewNode) =>
      node.prepare({ kubeconfigDir: node.at('elsewhere'), certDir: node.at('pki') }),
  ],
  ['renew', (node: NewNode) => renewOn(node, '')],
  [
    'renew with another folder of kubeconfigs and the same certificates',
    (node: NewNode) => renewOn(node, 'elsewhere'),
  ],
])('during a run, %s on the same node fails and changes nothing', async (_, other) => {
  const node = await newNode();
  mkdirSync(node.at('elsewhere'));
  let refusal: Promise<unknown> | undefined;
  const meanwhile = (exchange: ObjectStore): ObjectStore => ({
    ...bound(exchange),
    create: async (...args) => {
      refusal ??= refused(node);
      await refusal;
      return exchange.create(...args);
    },
  });
  const refused = async (running: NewNode) => {
    const before = snapshot(running.folder);
    const error = await other(running).catch((thrown: Error) => thrown);
    expect(snapshot(running.folder)).toEqual(before);
    return error;
  };
  await node.prepare({}, meanwhile);
  const message = `another run is in progress (process ${process.pid})`;
  expect(await refusal).toMatchObject({ message });
  expect((await node.prepareWhole()).exitCode).toBe(EXIT.done);
});

/** Runs the command, and throws an error with what it printed. */
async function renewOn(node: NewNode, folder: string): Promise<never> {
  const folders = ['--kubeconfig-dir', node.at(folder), '--cert-dir', node.at('pki')];
  const who = ['--cluster', node.cluster, '--node', node.name];
  const { stderr } = await cakeless({}, 'renew', 'all', ...who, ...folders);
  throw new Error(/another run is in progress \(process \d+\)/.exec(stderr)?.[0] ?? stderr);
}

it('a rejected CSR is requested again, and issued once the record allows it', async () => {
  const node = await newNode();
  await fleet.service.declare(newest, node.cluster, {
    nodes: [{ name: 'other', addresses: ['10.9.9.9'], role: 'worker' }],
  });
  const refused = await node.prepare();
  expect(refused.exitCode).toBe(EXIT.rejected);
  expect(refused.text).toMatch(/node-unknown/);
  await fleet.service.declare(newest, node.cluster);
  expect((await node.prepareWhole()).exitCode).toBe(EXIT.done);
});
