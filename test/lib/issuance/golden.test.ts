/**
 * One text for each certificate name and Kubernetes version, for review by people: test/fixtures/golden. After an intended
 * change, `UPDATE_GOLDEN=1 npx jest golden` updates them; the diff shows the change.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PROBE_PROFILES } from '../../../lib/profiles/profiles.ts';
import { approve } from '../../support/approve.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { describeCertificate } from '../../support/describe-certificate.ts';
import { CLUSTER, InMemoryService } from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { addVersion } from '../../support/rotated-ca.ts';

const sets = [
  kubeadmSet('1.22.17', 'renew-csr-only', 'v4-rsa2048'),
  kubeadmSet('1.29.15', 'generate-csr', 'v4-p256'),
  kubeadmSet('1.33.13', 'generate-csr', 'v6-p256'),
  kubeadmSet('1.35.4', 'generate-csr', 'dual-rsa2048'),
  kubeadmSet('1.37.2', 'generate-csr', 'v4-p256'),
];

describe.each(sets.map((set) => [set.version, set] as const))('kubeadm %s', (version, set) => {
  it.each(set.csrs.map((csr) => [csr.certificateName, csr] as const))('%s', async (name, csr) => {
    const memory = await InMemoryService.open();
    const { node } = memory.declare(set);
    const key = memory.upload(node, csr);
    if ((await memory.process(key)).outcome === 'pending') await approve(memory, key);
    const text = describeCertificate(memory.outcome(key).certificate ?? '');
    compare(text, version, `${name}.txt`);
  });
});

it('the forwarder of a cluster with csrSigning', async () => {
  const memory = await InMemoryService.open();
  const [set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256')] = sets.slice(-1);
  const { node } = memory.declare(set, { csrSigning: { kubeletClient: {} } });
  const key = `requests/${CLUSTER}/${node}/r1/cakeless-csrsigning.conf.csr`;
  const subject = csr.name([csr.CN, csr.utf8('cakeless:csrsigning')]);
  memory.exchange.seed(key, csr.toPem(csr.buildCsr({ key: testKey('p-256'), subject })));
  expect((await memory.process(key)).outcome).toBe('issued');
  const text = describeCertificate(memory.outcome(key).certificate ?? '');
  compare(text, 'cakeless-csrsigning.conf.txt');
});

it.each(PROBE_PROFILES)('$name, in phase trust of a rotation', async ({ name, cas: [ca] }) => {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(kubeadmSet('1.37.2', 'generate-csr', 'v4-p256'));
  (await addVersion(memory, ca)).enter('trust');
  const key = `requests/${CLUSTER}/${node}/r1/${name}.csr`;
  const subject = csr.name([csr.CN, csr.utf8('cakeless:probe')]);
  memory.exchange.seed(key, csr.toPem(csr.buildCsr({ key: testKey('p-256'), subject })));
  expect((await memory.process(key)).outcome).toBe('issued');
  compare(describeCertificate(memory.outcome(key).certificate ?? ''), `${name}.txt`);
});

function compare(text: string, ...path: string[]): void {
  const file = resolve('test', 'fixtures', 'golden', ...path);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(existsSync(file)).toBe(true);
  expect(text).toBe(readFileSync(file, 'utf8'));
}
