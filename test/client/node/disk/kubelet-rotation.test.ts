/** Which kubelets are left to their rotation. */
import type { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isKubeletsJob, mayStillRotate } from '../../../../client/node/disk/kubelet-rotation.ts';
import { placeOf } from '../../../../client/node/disk/places.ts';
import { type CertificateInPlace, readPlace } from '../../../../client/node/disk/read-place.ts';
import { selectCertificates } from '../../../../client/node/disk/select-names.ts';
import { takeInventory } from '../../../../client/node/expiry/inventory.ts';
import { formatReport } from '../../../../client/node/expiry/report.ts';
import { readKubeletConf, writeKubeletStore } from '../../../support/kubelet-store.ts';
import { LEAVES, OpensslNode } from '../../../support/openssl-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-rotation-'));
const folders = {
  kubeconfigDir: folder,
  certDir: join(folder, 'pki'),
  kubeletDir: join(folder, 'kubelet'),
};
const conf = join(folder, 'kubelet.conf');
/** kubelet.conf with the certificate, and naming the kubelet's file. */
const texts = { embedded: '', named: '' };

const DAY = 86_400_000;
const LIFETIME = 100;
/** The certificate is valid from now on. */
const after = (days: number) => new Date(Date.now() + days * DAY);

beforeAll(() => {
  const leaves = LEAVES.filter(({ path }) => path === 'kubelet.conf');
  new OpensslNode(folder).make(leaves.map((leaf) => ({ ...leaf, days: LIFETIME })));
  const current = writeKubeletStore(folders.kubeletDir, readKubeletConf(folder).pem);
  texts.embedded = readFileSync(conf, 'utf8');
  texts.named = texts.embedded
    .replace(/client-certificate-data: .*/, `client-certificate: ${current}`)
    .replace(/client-key-data: .*/, `client-key: ${current}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

function placeWith(text: keyof typeof texts): CertificateInPlace {
  writeFileSync(conf, texts[text]);
  const place = readPlace(placeOf('kubelet.conf', folders));
  if (place.state !== 'present') throw new Error(place.state);
  return place;
}

const isRenewed = (days: number, name: string) =>
  selectCertificates(folders, { names: [name], now: after(days) }).present.length === 1;

it('a certificate that only the kubelet has is left to it until the last tenth of its lifetime', () => {
  expect(isKubeletsJob(placeWith('named'))).toBe(true);
  expect([80, 91, 101].map((days) => isRenewed(days, 'all'))).toEqual([false, true, true]);
  expect(isRenewed(80, 'kubelet.conf')).toBe(true);
});

it.each([
  ['a rotation of its CA replaces it, and does not wait for the kubelet', true],
  ['a rotation of another CA leaves it to the kubelet', false],
])('%s', (_, isDue) => {
  placeWith('named');
  const rule = { names: ['all'], now: after(10), isDue: () => isDue };
  expect(selectCertificates(folders, rule).present).toHaveLength(isDue ? 1 : 0);
});

it('a certificate that an installation wrote to kubelet.conf and to the store is renewed', () => {
  expect(isKubeletsJob(placeWith('embedded'))).toBe(false);
  expect(isRenewed(80, 'all')).toBe(true);
});

/** As if the certificate in kubelet.conf had been issued so many days earlier or later than that of the store. */
function withConfigured(days: number): CertificateInPlace {
  const { configured, ...place } = placeWith('embedded');
  if (!configured) throw new Error('kubelet.conf has no certificate');
  const move = (text: string) => new Date(Date.parse(text) + days * DAY).toUTCString();
  const { validFrom, validTo, subject } = configured.leaf;
  const leaf = { subject, validFrom: move(validFrom), validTo: move(validTo) } as X509Certificate;
  return { ...place, configured: { ...configured, leaf } };
}

it('a certificate in the store that is newer than that in kubelet.conf came through rotation', () => {
  expect(isKubeletsJob(withConfigured(-30))).toBe(true);
  expect(isKubeletsJob(withConfigured(30))).toBe(false);
});

it('the certificate in kubelet.conf counts too: with an expired one the kubelet would not start', () => {
  expect(mayStillRotate(withConfigured(-30), after(50))).toBe(true);
  expect(mayStillRotate(withConfigured(-30), after(61))).toBe(false);
});

it('check-expiration says that the kubelet rotates it, and warns when it should have', () => {
  placeWith('named');
  const inventoryAfter = (days: number) =>
    takeInventory({ ...folders, externalEtcd: false, namesOf: () => [], now: after(days) });
  const soon = inventoryAfter(80);
  const text = formatReport('json', soon, [], after(80)).join('\n');
  expect(JSON.parse(text).kubelet).toMatchObject([{ name: 'kubelet.conf', kubeletRotates: true }]);
  expect(inventoryAfter(95).warnings).toContainEqual(
    expect.objectContaining({ warning: expect.stringContaining('should have rotated it by now') }),
  );
  expect(soon.warnings.map(({ warning }) => warning).join()).not.toContain('rotated');
});
