/** Concurrent runs, tampered and repeated outcomes, and what leaves the node. */
import { existsSync, rmSync } from 'node:fs';
import { EXIT } from '../../../../client/exit-codes.ts';
import type { ObjectStore } from '../../../../lib/store/object-store.ts';
import { bound, newest, useFleet } from '../../../support/fleet.ts';

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
