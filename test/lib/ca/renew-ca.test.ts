/** Renewal of CA certificates with the same key: what stays, what is written, and what survives interruptions. */
import { X509Certificate } from 'node:crypto';
import { issuingCa } from '../../../lib/ca/issuing-ca.ts';
import { renewCa } from '../../../lib/ca/renew-ca.ts';
import { ADOPTABLE_CAS, type RenewCaRequest } from '../../../lib/ca/trust-domain-request.ts';
import { sha1KeyIdentifierOf } from '../../../lib/certificate/assemble.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { extensionOf, readCertificate } from '../../../lib/certificate/read-certificate.ts';
import {
  caRenewalCertificateKey,
  caRenewalRecordKey,
} from '../../../lib/contract/ca-renewal-record.ts';
import {
  bundleKey,
  type CaVersion,
  type TrustDomainDocument,
} from '../../../lib/contract/trust-domain.ts';
import { OID } from '../../../lib/der/oids.ts';
import { readDer } from '../../../lib/der/read.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { AFTER_ADOPTION, adoptedSets, readAdoptedSet } from '../../support/adopted-cas.ts';
import { openAdopted, requests } from '../../support/adopted-leaves.ts';
import { CorporateRoot } from '../../support/corporate-root.ts';
import { InMemoryService, START, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { importAllSubordinates } from '../../support/subordinate-cas.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const KEY = `trust/${TRUST_DOMAIN}.json`;
const FIRST = { trustDomain: TRUST_DOMAIN, ca: 'ca', version: 1, renewal: 1 } as const;

const renew = (memory: InMemoryService, more: Partial<RenewCaRequest> = {}) =>
  renewCa(memory.service, { action: 'renew-ca', trustDomain: TRUST_DOMAIN, ca: 'ca', ...more });

const documentOf = ({ authority }: InMemoryService) => authority.json(KEY) as TrustDomainDocument;
const versionOf = (memory: InMemoryService, ca: CaName = 'ca') =>
  documentOf(memory).cas[ca]?.versions[0] as CaVersion;

/** A year after the CAs were made. */
async function aYearLater(): Promise<InMemoryService> {
  const memory = await InMemoryService.open();
  memory.now = new Date(START.getTime() + 365 * DAY_MS);
  return memory;
}

function change(memory: InMemoryService, edit: (document: TrustDomainDocument) => void): void {
  const document = documentOf(memory);
  edit(document);
  memory.authority.seed(KEY, JSON.stringify(document));
}

describe.each(adoptedSets())('CAs of %s', (set) => {
  it('keep subject and key, and get what CAs that are made here have', async () => {
    const { memory } = await openAdopted(readAdoptedSet(set));
    for (const ca of ADOPTABLE_CAS) {
      const before = versionOf(memory, ca);
      await renew(memory, { ca });
      const after = versionOf(memory, ca);
      const [old, renewed] = [before, after].map((one) => new X509Certificate(one.certificate));
      const [was, is] = [old, renewed].map((one) => readCertificate(one?.raw ?? new Uint8Array()));
      if (!old || !renewed || !was || !is) throw new Error('two certificates');
      expect(Buffer.from(is.subject.raw)).toEqual(Buffer.from(was.subject.raw));
      expect(Buffer.from(is.issuer.raw)).toEqual(Buffer.from(was.subject.raw));
      expect(Buffer.from(is.publicKey.raw)).toEqual(Buffer.from(was.publicKey.raw));
      expect(renewed.verify(old.publicKey)).toBe(true);
      expect(renewed.checkIssued(old) && old.checkIssued(renewed)).toBe(true);
      expect(renewed.serialNumber).toMatch(/^01[0-9A-F]{32}$/);
      expect(new Date(renewed.validTo).getTime()).toBe(
        Math.floor(AFTER_ADOPTION.getTime() / 1000) * 1000 + 3650 * DAY_MS,
      );
      expect(is.extensions.map(({ id, critical }) => [id, critical])).toEqual([
        [OID.keyUsage, true],
        [OID.basicConstraints, true],
        [OID.subjectKeyIdentifier, false],
        [OID.subjectAltName, false],
      ]);
      const existing = extensionOf(was, OID.subjectKeyIdentifier);
      const identifier = readDer(
        extensionOf(is, OID.subjectKeyIdentifier)?.value ?? new Uint8Array(),
        'ski',
      ).content;
      expect(Buffer.from(identifier)).toEqual(
        Buffer.from(
          existing ? readDer(existing.value, 'ski').content : sha1KeyIdentifierOf(was.publicKey),
        ),
      );
      expect(after).toEqual({
        ...before,
        certificate: certificateToPem(renewed.raw),
        renewals: 1,
        renewed: [before.certificate],
      });
      expect(memory.exchange.text(bundleKey(TRUST_DOMAIN, ca))).toBe(after.certificate);
    }
  });

  it('old and new certificate verify the leaf certificates of before and after', async () => {
    const { memory, node } = await openAdopted(readAdoptedSet(set));
    const csr = requests.csrs.find(({ certificateName }) => certificateName === 'apiserver');
    if (!csr) throw new Error('no CSR');
    const issue = async (id: string) => {
      const key = memory.upload(node, csr, id);
      await memory.process(key);
      return new X509Certificate(memory.outcome(key).certificate ?? '');
    };
    const leaves = [await issue('before')];
    const old = new X509Certificate(versionOf(memory).certificate);
    await renew(memory);
    memory.now = new Date(memory.now.getTime() + HOUR_MS);
    leaves.push(await issue('after'));
    const renewed = new X509Certificate(versionOf(memory).certificate);
    for (const leaf of leaves)
      for (const ca of [old, renewed])
        expect([leaf.checkIssued(ca), leaf.verify(ca.publicKey)]).toEqual([true, true]);
    const [before, after] = leaves.map(({ raw }) => authorityKeyIdentifierOf(raw));
    expect(after).toBe(before);
  });
});

const authorityKeyIdentifierOf = (der: Uint8Array) =>
  Buffer.from(extensionOf(readCertificate(der), OID.authorityKeyIdentifier)?.value ?? []).toString(
    'hex',
  );

it('what limits a CA stays', async () => {
  const limited = readAdoptedSet('cfssl-template');
  const { memory } = await openAdopted(limited);
  const ca = ADOPTABLE_CAS.find((name) => pathLengthOf(limited[name].x509.raw) !== undefined);
  if (ca === undefined) throw new Error('no CA of the set has a path length');
  await renew(memory, { ca });
  const renewed = new X509Certificate(versionOf(memory, ca).certificate);
  expect(pathLengthOf(renewed.raw)).toEqual(pathLengthOf(limited[ca].x509.raw));
});

function pathLengthOf(der: Uint8Array): number | undefined {
  const { value = new Uint8Array() } =
    extensionOf(readCertificate(der), OID.basicConstraints) ?? {};
  return readDer(value, 'basicConstraints').children()[1]?.content[0];
}

it('the signature is recorded first, and nothing else changes', async () => {
  const memory = await aYearLater();
  const { ca: _, ...others } = documentOf(memory).cas;
  memory.keys.interrupt = (point) => {
    if (point === 'before sign')
      expect(memory.authority.json(caRenewalRecordKey(FIRST))).toMatchObject({
        trustDomain: TRUST_DOMAIN,
        ca: 'ca',
        version: 1,
        renewal: 1,
        renews: new X509Certificate(versionOf(memory).certificate).raw.toString('base64'),
        decidedAt: memory.now.toISOString(),
      });
  };
  const renewed = await renew(memory, { validityDays: 4000 });
  expect(memory.keys.records).toEqual([caRenewalRecordKey(FIRST)]);
  expect(memory.authority.text(caRenewalCertificateKey(FIRST))).toBe(versionOf(memory).certificate);
  expect(documentOf(memory).cas).toMatchObject(others);
  expect(renewed).toMatchObject({ version: 1, renewals: 1, changed: true });
  expect(renewed.after.notAfter).toBe(new Date(memory.now.getTime() + 4000 * DAY_MS).toISOString());
});

describe('a call within a day', () => {
  it('returns the renewal, and restores a bundle that is missing', async () => {
    const memory = await aYearLater();
    const first = await renew(memory);
    memory.exchange.objects.clear();
    memory.now = new Date(memory.now.getTime() + 23 * HOUR_MS);
    expect(await renew(memory, { validityDays: 3650 })).toEqual({ ...first, changed: false });
    expect(memory.exchange.text(bundleKey(TRUST_DOMAIN, 'ca'))).toBe(versionOf(memory).certificate);
    expect(memory.keys.signed).toHaveLength(1);
  });

  it('refuses a validity that is not that of the renewal', async () => {
    const memory = await aYearLater();
    await renew(memory);
    await expect(renew(memory, { validityDays: 7300 })).rejects.toMatchObject({
      code: 'request-malformed',
      message: expect.stringMatching(/^ca of trust domain fleet was renewed at .* for 3650 days; /),
    });
  });

  it('and a later one renew twice, and both certificates of before are kept', async () => {
    const memory = await aYearLater();
    const made = versionOf(memory).certificate;
    await renew(memory);
    const first = versionOf(memory).certificate;
    memory.now = new Date(memory.now.getTime() + DAY_MS);
    expect(await renew(memory)).toMatchObject({ renewals: 2, changed: true });
    expect(versionOf(memory)).toMatchObject({ renewals: 2, renewed: [made, first] });
  });
});

it('the oldest of more than eight certificates is dropped', async () => {
  const memory = await aYearLater();
  const made = versionOf(memory).certificate;
  for (let i = 1; i <= 9; i += 1) {
    memory.now = new Date(memory.now.getTime() + DAY_MS);
    await renew(memory);
  }
  const { renewed = [], renewals } = versionOf(memory);
  expect([renewed.length, renewals, renewed.includes(made)]).toEqual([8, 9, false]);
});

describe('refuses, before any object is written,', () => {
  it.each<[string, (memory: InMemoryService) => void, Partial<RenewCaRequest>, RegExp]>([
    ['a trust domain that does not exist', () => {}, { trustDomain: 'other' }, /does not exist$/],
    [
      'a CA that the trust domain does not have',
      (memory) => change(memory, ({ cas }) => void delete cas['kubelet-ca']),
      { ca: 'kubelet-ca' },
      /^trust domain fleet has no kubelet-ca$/,
    ],
    [
      'a CA that is being rotated',
      (memory) =>
        change(memory, (document) => {
          const at = memory.now.toISOString();
          document.rotation = {
            ...{ ca: 'ca', from: 1, to: 2, phase: 'issue' },
            ...{ since: at, startedAt: at },
          };
        }),
      {},
      /^ca of trust domain fleet is being rotated \(phase issue\)/,
    ],
    [
      'a validity that ends before that of the present certificate',
      () => {},
      { validityDays: 30 },
      /is valid until 2036-11-21T12:00:00.000Z, and would be until 2027-12-24/,
    ],
    [
      'the same as a dry run',
      () => {},
      { validityDays: 30, dryRun: true },
      /ask for a longer validity$/,
    ],
  ])('%s', async (_, prepare, request, message) => {
    const memory = await aYearLater();
    prepare(memory);
    const before = new Map(memory.authority.objects);
    await expect(renew(memory, request)).rejects.toMatchObject({
      code: 'request-malformed',
      message: expect.stringMatching(message),
    });
    expect(memory.authority.objects).toEqual(before);
    expect(memory.keys.signed).toEqual([]);
  });

  it('a subordinate CA, whose certificate only the CA above it can issue', async () => {
    const memory = await InMemoryService.openAdopted(AFTER_ADOPTION, (service, keys) =>
      importAllSubordinates(service, keys, TRUST_DOMAIN, new CorporateRoot(), ['ca']),
    );
    await expect(renew(memory)).rejects.toMatchObject({
      code: 'request-malformed',
      message: expect.stringMatching(/^ca of trust domain fleet is subordinate: /),
    });
  });
});

it('the rotation of another CA does not matter', async () => {
  const memory = await aYearLater();
  const at = memory.now.toISOString();
  change(memory, (document) => {
    document.rotation = {
      ...{ ca: 'etcd-ca', from: 1, to: 2, phase: 'trust' },
      ...{ since: at, startedAt: at },
    };
  });
  expect(await renew(memory)).toMatchObject({ changed: true });
});

it('a dry run says until when the certificate would be valid, and writes nothing', async () => {
  const memory = await aYearLater();
  const before = new Map(memory.authority.objects);
  expect(await renew(memory, { dryRun: true })).toEqual({
    ...{ trustDomain: TRUST_DOMAIN, ca: 'ca', version: 1, renewals: 0, changed: false },
    before: { notAfter: '2036-11-21T12:00:00.000Z', sha256: expect.stringMatching(/^[0-9A-F:]+$/) },
    after: { notAfter: '2037-11-21T12:00:00.000Z' },
  });
  expect(memory.authority.objects).toEqual(before);
  expect(memory.exchange.objects.size).toBe(0);
  expect(memory.keys.signed).toEqual([]);
});

function killed(): never {
  throw new Error('killed');
}

it('a renewal that is killed at any call is finished by the next, and there is only one', async () => {
  let point = 0;
  let isReached = true;
  while (isReached) {
    point += 1;
    const memory = await aYearLater();
    let calls = 0;
    const interrupt = () => {
      calls += 1;
      if (calls === point) killed();
    };
    const parts = [memory.authority, memory.exchange, memory.keys];
    for (const part of parts) part.interrupt = interrupt;
    await renew(memory).catch(() => {});
    isReached = calls >= point;
    for (const part of parts) part.interrupt = () => {};
    await renew(memory);
    expect(versionOf(memory).renewals).toBe(1);
    expect(new Set(memory.keys.records).size).toBe(1);
    expect(memory.exchange.text(bundleKey(TRUST_DOMAIN, 'ca'))).toBe(versionOf(memory).certificate);
  }
  expect(point).toBeGreaterThan(20);
});

it('what was interrupted long ago is finished, and renewed again: the caller asked for a validity from now', async () => {
  const memory = await aYearLater();
  memory.keys.interrupt = killed;
  await expect(renew(memory)).rejects.toThrow('killed');
  memory.keys.interrupt = () => {};
  memory.now = new Date(memory.now.getTime() + 100 * DAY_MS);
  const { renewals, after } = await renew(memory);
  expect(renewals).toBe(2);
  expect(after.notAfter).toBe(new Date(memory.now.getTime() + 3650 * DAY_MS).toISOString());
});

it('renewals that race have one result', async () => {
  const memory = await aYearLater();
  const results = await Promise.all(Array.from({ length: 4 }, () => renew(memory)));
  expect(new Set(results.map(({ after }) => after.sha256)).size).toBe(1);
  expect(results.filter(({ changed }) => changed)).toHaveLength(1);
  expect(versionOf(memory).renewals).toBe(1);
});

it.each<[string, (record: Record<string, string>, other: string) => Record<string, unknown>]>([
  ['for another key', () => ({ keyId: 'arn:other' })],
  ['of another renewal', () => ({ renewal: 2 })],
  ['of another certificate', (_, other) => ({ renews: other })],
  [
    'with a draft that is no renewal of it',
    ({ tbs = '' }) => ({
      tbs: Buffer.from(tbs, 'base64').toString('latin1').replaceAll('kubernetes', 'kubernetez'),
    }),
  ],
])('a record %s, which somebody else wrote, is not signed', async (_, forge) => {
  const memory = await aYearLater();
  memory.keys.interrupt = killed;
  await expect(renew(memory)).rejects.toThrow('killed');
  memory.keys.interrupt = () => {};
  const key = caRenewalRecordKey(FIRST);
  const record = memory.authority.json(key) as Record<string, string>;
  const other = new X509Certificate(versionOf(memory, 'etcd-ca').certificate).raw;
  const forged = forge(record, other.toString('base64'));
  if (typeof forged.tbs === 'string')
    forged.tbs = Buffer.from(forged.tbs, 'latin1').toString('base64');
  memory.authority.seed(key, JSON.stringify({ ...record, ...forged }));
  await expect(renew(memory)).rejects.toMatchObject({ code: 'document-malformed' });
  expect(memory.keys.signed).toEqual([]);
});

it('a leaf certificate that was recorded before the renewal is issued after it', async () => {
  const { memory, node } = await openAdopted(readAdoptedSet('kubeadm-1.18-template'));
  const csr = requests.csrs.find(({ certificateName }) => certificateName === 'apiserver');
  if (!csr) throw new Error('no CSR');
  // it is valid until the old certificate of the CA ends, and from before the new one begins
  memory.now = new Date(
    Date.parse(new X509Certificate(versionOf(memory).certificate).validTo) - 100 * DAY_MS,
  );
  const key = memory.upload(node, csr);
  memory.keys.interrupt = killed;
  await memory.process(key).catch(() => {});
  memory.keys.interrupt = () => {};
  memory.now = new Date(memory.now.getTime() + HOUR_MS);
  const end = new X509Certificate(versionOf(memory).certificate).validTo;
  await renew(memory);
  expect(await memory.process(key)).toMatchObject({ outcome: 'issued' });
  const leaf = new X509Certificate(memory.outcome(key).certificate ?? '');
  expect(leaf.validTo).toBe(end);
  expect(leaf.checkIssued(new X509Certificate(versionOf(memory).certificate))).toBe(true);
  expect(issuingCa(documentOf(memory), 'ca').version).toBe(1);
});
