/** Which trust bundles an invitation includes. */
import { readFileSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { makeInvitation } from '../../../client/operator/make-invitation.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { Fault } from '../../../lib/fault.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const PEM = readFileSync(
  'test/fixtures/kubeadm/1.29.15/generate-csr/v4-p256/reference/pki/etcd/ca.crt',
  'utf8',
);

const client = new S3Client({
  region: 'eu-central-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
});

/** S3 denies a missing object to those who may not list the bucket. */
function invite(existing: readonly CaName[], names: readonly CertificateName[]) {
  const store = new MemoryStore();
  for (const ca of existing) store.seed(bundleKey('fleet', ca), PEM);
  const get = store.get.bind(store);
  store.get = async (key, maxBytes) => {
    const found = await get(key, maxBytes);
    if (found === undefined) throw new Fault('not-allowed', `${key}: Access Denied`);
    return found;
  };
  const options = { cluster: 'prod', node: 'cp-1', request: 'first', trustDomain: 'fleet', names };
  const asked = { ...options, expiresSeconds: 600 };
  return makeInvitation(client, 'bucket', store, asked, new Date('2026-11-24T12:00:00Z'));
}

it('leaves out the bundle of a CA that the trust domain does not have, although S3 denies it', async () => {
  const { trust } = await invite(['ca', 'front-proxy-ca'], ['apiserver']);
  expect(Object.keys(trust)).toEqual(['ca', 'front-proxy-ca']);
});

it('is refused if a certificate that it is for needs that CA', async () => {
  await expect(invite(['ca'], ['etcd-server'])).rejects.toThrow(
    'trust/fleet/etcd/ca.crt: no such trust bundle',
  );
});

it('is refused if the bundle of ca is denied', async () => {
  await expect(invite([], ['apiserver'])).rejects.toThrow('Access Denied');
});
