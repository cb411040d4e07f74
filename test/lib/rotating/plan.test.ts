/** What is drafted, recorded and named in a plan, before anybody approves it. */
import { X509Certificate } from 'node:crypto';
import { createTrustDomain } from '../../../lib/ca/create-trust-domain.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { readCertificate } from '../../../lib/certificate/read-certificate.ts';
import type { TrustDomainDocument } from '../../../lib/contract/trust-domain.ts';
import { OID } from '../../../lib/der/oids.ts';
import { booleanTrue } from '../../../lib/der/write.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { rotationPlanDigest } from '../../../lib/rotating/plan-digest.ts';
import { planRotation } from '../../../lib/rotating/plan-rotation.ts';
import type { PlanRotationRequest } from '../../../lib/rotating/rotation-request.ts';
import { readStart, signStart } from '../../../lib/rotating/start-material.ts';
import {
  AFTER_ADOPTION,
  adoptAll,
  adoptedSets,
  readAdoptedSet,
} from '../../support/adopted-cas.ts';
import {
  basicConstraints,
  type CaCertificateParts,
  integer,
  newEcKeys,
  usualExtensions,
  writeCaCertificate,
} from '../../support/ca-certificate.ts';
import { openCaService } from '../../support/ca-service.ts';
import { planned } from '../../support/rotating-world.ts';

const PAIR = newEcKeys();
const PATH_LENGTH_0 = basicConstraints(booleanTrue(), integer(0));

const START = { trustDomain: 'prod', ca: 'ca', from: 1, to: 2, compromised: false } as const;

function opened() {
  const { keys, service } = openCaService(AFTER_ADOPTION);
  const plan = async (more: Partial<PlanRotationRequest> = {}) =>
    planned(
      await planRotation(service, keys, {
        action: 'plan-rotation',
        trustDomain: 'prod',
        ca: 'ca',
        phase: 'trust',
        ...more,
      }),
    );
  const documentNow = () =>
    service.authority.json('trust/prod.json') as unknown as TrustDomainDocument;
  /** As a start does after the approval. */
  const sign = async (ca: CaName = 'ca') => {
    const start = { ...START, ca };
    const material = await readStart(service, documentNow(), start);
    if (!material) throw new Error('not planned');
    return signStart(service, start, material);
  };
  return { keys, service, authority: service.authority, plan, sign, documentNow };
}

async function withMadeCas() {
  const world = opened();
  const { document } = await createTrustDomain(world.service, world.keys, {
    trustDomain: 'prod',
    validityDays: 3650,
    cas: ['ca', 'etcd-ca'],
  });
  world.keys.records.length = 0;
  return { ...world, document };
}

const oldOf = (document: TrustDomainDocument, ca: CaName = 'ca') =>
  new X509Certificate(document.cas[ca]?.versions[0]?.certificate ?? '');

it('a CA below another one is rotated to one that is its own root only if the operator asks for it', async () => {
  const { plan, authority, documentNow } = await withMadeCas();
  const { cas, ...document } = documentNow();
  for (const version of cas.ca?.versions ?? []) Object.assign(version, { origin: 'subordinate' });
  authority.seed('trust/prod.json', JSON.stringify({ ...document, cas }));
  await expect(plan()).rejects.toThrow('the certificate is awaited');
  expect((await plan({ ownRoot: true })).notes).toContain(
    'the new CA is its own root: the CA above the old one does not certify it',
  );
});

it('records the new CA and the cross certificate, signs nothing, and names both by their digests', async () => {
  const { plan, authority, keys, document, documentNow } = await withMadeCas();
  const planned = await plan();
  expect(planned).toEqual({
    trustDomain: 'prod',
    ca: 'ca',
    phase: 'trust',
    sequence: 1,
    from: { version: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    to: {
      version: 2,
      publicKeySha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      tbsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      notAfter: '2036-12-21T12:00:00.000Z',
      keySpec: 'ECC_NIST_P256',
      keyId: expect.stringContaining('arn:'),
    },
    crossTbsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    compromised: false,
    waivers: [],
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    notes: ['the new CA certificate expires at 2036-12-21T12:00:00.000Z'],
  });
  expect(keys.records).toEqual([]);
  expect(authority.json('ca-records/prod/ca/2.json')).toMatchObject({ version: 2, origin: 'made' });
  expect(authority.json('ca-records/prod/ca/2.cross.json')).toMatchObject({
    version: 2,
    from: 1,
    keyId: document.cas.ca.versions[0]?.keyId,
  });
  expect(documentNow()).toEqual(document);
  expect([...authority.objects.keys()].filter((key) => key.endsWith('.crt'))).toEqual([
    'ca-records/prod/ca/1.crt',
    'ca-records/prod/etcd-ca/1.crt',
  ]);
});

it('is the same plan when it is repeated, raced, or interrupted at any call', async () => {
  const { plan, authority, keys } = await withMadeCas();
  const before = new Map(authority.objects);
  let point = 0;
  let calls = 0;
  while (calls >= point) {
    point += 1;
    calls = 0;
    authority.objects.clear();
    for (const [key, object] of before) authority.objects.set(key, object);
    authority.interrupt = () => {
      calls += 1;
      if (calls === point) throw new Error('killed');
    };
    await plan().catch(() => {});
    authority.interrupt = () => {};
    const [one, other] = await Promise.all([plan(), plan()]);
    expect(one).toEqual(other);
    expect(await plan()).toEqual(one);
  }
  expect(keys.records).toEqual([]);
  expect(point).toBeGreaterThan(10);
});

describe('the cross certificate', () => {
  it.each(adoptedSets())(
    'of the adopted CAs of %s is verified by anyone who trusts the old ones',
    async (set) => {
      const world = opened();
      const existing = readAdoptedSet(set);
      const { document } = await adoptAll(world.service, world.keys, 'prod', existing);
      for (const ca of ['ca', 'etcd-ca', 'front-proxy-ca'] as const) {
        await world.plan({ ca });
        const version = await world.sign(ca);
        const old = oldOf(document, ca);
        const fresh = new X509Certificate(version.certificate);
        expect(fresh.verify(fresh.publicKey)).toBe(true);
        const [oldDer, freshDer] = [old, fresh].map(({ raw }) => readCertificate(raw));
        expect(freshDer?.subject.raw).toEqual(oldDer?.subject.raw);
        if (version.cross === undefined) continue; // with pathLenConstraint 0
        const cross = new X509Certificate(version.cross);
        expect(cross.verify(old.publicKey)).toBe(true);
        expect(cross.checkIssued(old)).toBe(true);
        expect(cross.ca).toBe(true);
        expect(readCertificate(cross.raw).publicKey.raw).toEqual(freshDer?.publicKey.raw);
        expect(new Date(cross.validTo)).toEqual(
          new Date(Math.min(Date.parse(old.validTo), Date.parse(fresh.validTo))),
        );
      }
    },
  );

  it('has what a strict verifier requires, and no pathLenConstraint', async () => {
    const { plan, sign } = await withMadeCas();
    await plan();
    const { raw } = new X509Certificate((await sign()).cross ?? '');
    expect(
      readCertificate(raw).extensions.map(({ id, critical, value }) => [
        id,
        critical,
        Buffer.from(value).toString('hex').slice(0, 14),
      ]),
    ).toEqual([
      ['2.5.29.15', true, '03020106'], // keyCertSign, cRLSign
      ['2.5.29.19', true, '30030101ff'],
      ['2.5.29.14', false, expect.any(String)],
      ['2.5.29.35', false, expect.any(String)],
    ]);
  });

  it('has its own serial number', async () => {
    const { plan, sign } = await withMadeCas();
    await plan();
    const { certificate, cross = '' } = await sign();
    const [one, other] = [certificate, cross].map((pem) => new X509Certificate(pem).serialNumber);
    expect(one).not.toBe(other);
  });

  it('is signed once, whatever is repeated', async () => {
    const { plan, sign, keys } = await withMadeCas();
    await plan();
    const first = await sign();
    expect(await sign()).toEqual({ ...first, since: expect.any(String) });
    expect(keys.records).toEqual(['ca-records/prod/ca/2.json', 'ca-records/prod/ca/2.cross.json']);
  });

  it('does not exist for a compromised CA', async () => {
    const { plan, authority } = await withMadeCas();
    const planned = await plan({ compromised: true });
    expect(planned).not.toHaveProperty('crossTbsSha256');
    expect(planned.notes[0]).toMatch(/^there is no cross certificate: the old ca is compromised/);
    expect(authority.json('ca-records/prod/ca/2.cross.json')).toBeUndefined();
    expect((await plan()).digest).not.toBe(planned.digest);
  });

  it.each<[string, Partial<CaCertificateParts>, string]>([
    [
      'has pathLenConstraint 0',
      {
        extensions: usualExtensions(PAIR, {
          without: [OID.basicConstraints],
          more: [PATH_LENGTH_0],
        }),
      },
      'version 1 has pathLenConstraint 0: no CA certificate can be below it',
    ],
    [
      'has expired',
      { notAfter: new Date('2026-12-31T00:00:00Z') },
      'version 1 expired at 2026-12-31',
    ],
  ])('does not exist if the old CA %s, and the plan says why', async (_, parts, why) => {
    const { plan, sign, service, keys } = opened();
    const der = writeCaCertificate(PAIR, new Date('2026-12-01T00:00:00Z'), parts);
    const x509 = new X509Certificate(der);
    const version = {
      version: 1,
      keyId: 'arn:old',
      keySpec: 'ECC_NIST_P256',
      certificate: certificateToPem(x509.raw),
    };
    const document = { trustDomain: 'prod', cas: { ca: { signing: 1, versions: [version] } } };
    service.authority.seed('trust/prod.json', JSON.stringify(document));
    service.now = () => new Date('2027-01-01T00:00:00Z');
    const planned = await plan();
    expect(planned).not.toHaveProperty('crossTbsSha256');
    expect(planned.notes[0]).toContain(why);
    expect(await sign()).not.toHaveProperty('cross');
    expect(keys.records).toEqual(['ca-records/prod/ca/2.json']);
  });

  it('is not signed if its record is that of something else', async () => {
    const { plan, sign, authority, keys } = await withMadeCas();
    await plan();
    await plan({ ca: 'etcd-ca' });
    const { tbs } = authority.json('ca-records/prod/etcd-ca/2.cross.json') as { tbs: string };
    const record = authority.json('ca-records/prod/ca/2.cross.json');
    authority.seed('ca-records/prod/ca/2.cross.json', JSON.stringify({ ...record, tbs }));
    await expect(sign()).rejects.toMatchObject({
      code: 'lint-failed',
      message: expect.stringMatching(
        /^cross certificate: issuer is .*issued by the old CA is false/,
      ),
    });
    expect(keys.records).not.toContain('ca-records/prod/ca/2.cross.json');
  });
});

describe('the new CA certificate', () => {
  it('is not signed if its record is that of something else', async () => {
    const { plan, sign, authority } = await withMadeCas();
    await plan();
    await plan({ ca: 'etcd-ca' });
    const { tbs } = authority.json('ca-records/prod/etcd-ca/2.json') as { tbs: string };
    const record = authority.json('ca-records/prod/ca/2.json');
    authority.seed('ca-records/prod/ca/2.json', JSON.stringify({ ...record, tbs }));
    await expect(sign()).rejects.toMatchObject({ code: 'lint-failed' });
  });

  it('has the key, key spec and validity that were asked for', async () => {
    const { plan, keys } = await withMadeCas();
    const { keyId } = await keys.ensure(
      { trustDomain: 'own', ca: 'ca', version: 2 },
      'ECC_NIST_P384',
    );
    const planned = await plan({ keyId, validityDays: 365 });
    expect(planned.notes).toEqual(['the new CA certificate expires at 2027-12-24T12:00:00.000Z']);
    expect(await plan({ keyId, keySpec: 'ECC_NIST_P384', validityDays: 365 })).toEqual(planned);
  });

  it.each([
    [{ validityDays: 30 }, 'is drafted with 3650 days'],
    [{ keySpec: 'RSA_2048' as const }, 'is drafted with a ECC_NIST_P256 key'],
  ])('stays as it is recorded: %j is refused', async (more, why) => {
    const { plan } = await withMadeCas();
    await plan();
    await expect(plan(more)).rejects.toThrow(why);
  });

  it('does not get a key that another CA has', async () => {
    const { plan, document } = await withMadeCas();
    const keyId = document.cas['etcd-ca']?.versions[0]?.keyId ?? '';
    await expect(plan({ keyId })).rejects.toThrow('is already the key of etcd-ca');
  });
});

it.each([
  ['trust domain', { trustDomain: 'other' }, 'trust domain other does not exist'],
  ['CA', { ca: 'kubelet-ca' as const }, 'has no kubelet-ca; it has ca, etcd-ca'],
  ['phase', { phase: 'retire' as const }, 'is in phase stable; allowed now: trust'],
])('refuses a %s that cannot be planned', async (_, more, why) => {
  const { plan } = await withMadeCas();
  await expect(plan(more)).rejects.toThrow(why);
});

it('the digest is that of every field, and of the waivers in any order', async () => {
  const { plan } = await withMadeCas();
  const waivers = [
    { subject: 'prod/node/b', reason: 'gone' },
    { subject: 'prod/node/a', reason: 'gone' },
  ];
  const { notes: _, digest, ...fields } = await plan({ waivers });
  expect(rotationPlanDigest(fields)).toBe(digest);
  expect((await plan({ waivers: [...waivers].reverse() })).digest).toBe(digest);
  const digests = [
    { ...fields, trustDomain: 'other' },
    { ...fields, ca: 'etcd-ca' as const },
    { ...fields, phase: 'retire' as const },
    { ...fields, sequence: 2 },
    { ...fields, from: { ...fields.from, version: 3 } },
    { ...fields, from: { ...fields.from, sha256: '0' } },
    { ...fields, to: { ...fields.to, version: 3 } },
    { ...fields, to: { ...fields.to, publicKeySha256: '0' } },
    { ...fields, to: { ...fields.to, tbsSha256: '0' } },
    { ...fields, to: { ...fields.to, sha256: '0' } },
    { ...fields, crossTbsSha256: '0' },
    { ...fields, compromised: true },
    { ...fields, waivers: fields.waivers.slice(1) },
    { ...fields, waivers: [...fields.waivers, { subject: 'prod/node/c', reason: 'gone' }] },
  ].map(rotationPlanDigest);
  expect(new Set([digest, ...digests]).size).toBe(digests.length + 1);
});
