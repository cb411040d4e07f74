/** Adoption of the CAs of an existing cluster: what is checked first, what is written, and what survives interruptions. */
import { createHash, X509Certificate } from 'node:crypto';
import { ADOPTABLE_CAS, type AdoptableCa } from '../../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { caCertificateKey, caRecordKey } from '../../../lib/contract/ca-record.ts';
import { bundleKey } from '../../../lib/contract/trust-domain.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import {
  AFTER_ADOPTION,
  adoptAll,
  adoptedSets,
  readAdoptedSet,
  toAdopt,
} from '../../support/adopted-cas.ts';
import { commonNameOf, newEcKeys, writeCaCertificate } from '../../support/ca-certificate.ts';
import { existing, importInto, isEmpty, opened, strangers, TRUST_DOMAIN } from './adopt.ts';

describe('prepare-adoption', () => {
  it('says which keys to import into, by the keys of the certificates, and changes nothing', async () => {
    const world = opened();
    const { cas, findings } = await world.prepare(toAdopt(existing));
    expect(Object.keys(cas)).toEqual([...ADOPTABLE_CAS]);
    for (const ca of Object.values(cas))
      expect(ca).toEqual({
        keyId: expect.stringMatching(/^arn:/),
        keySpec: 'ECC_NIST_P256',
        state: 'pending-import',
      });
    expect(findings).toContainEqual({
      ca: 'etcd-ca',
      level: 'accepts',
      text: 'has a keyUsage without cRLSign',
    });
    expect(isEmpty(world)).toBe(true);
    expect(world.keys.signed).toEqual([]);
  });

  it('follows the CA from the import to the adoption', async () => {
    const world = opened();
    const states = async () =>
      Object.values((await world.prepare(toAdopt(existing))).cas).map(({ state }) => state);
    const all = [await states()];
    await importInto(world, existing, ['ca']);
    all.push(await states());
    await importInto(world);
    await world.adopt(toAdopt(existing, ['ca']));
    all.push(await states());
    expect(all).toEqual([
      ['pending-import', 'pending-import', 'pending-import'],
      ['imported', 'pending-import', 'pending-import'],
      ['adopted', 'imported', 'imported'],
    ]);
  });

  it.each(adoptedSets())('takes the CAs of %s', async (set) => {
    const cas = readAdoptedSet(set);
    const { findings } = await opened().prepare(toAdopt(cas));
    expect(findings.filter(({ level }) => level === 'refuses')).toEqual([]);
  });
});

it('a trust domain gets the certificates that are on the nodes, and signs with their keys', async () => {
  const world = opened();
  const { document, created, added } = await adoptAll(
    world.service,
    world.keys,
    TRUST_DOMAIN,
    existing,
  );
  expect([created, added]).toEqual([true, [...ADOPTABLE_CAS]]);
  for (const ca of ADOPTABLE_CAS) {
    const pem = certificateToPem(existing[ca].x509.raw);
    expect(document.cas[ca]).toEqual({
      signing: 1,
      versions: [
        {
          version: 1,
          origin: 'adopted',
          since: AFTER_ADOPTION.toISOString(),
          keyId: expect.stringMatching(/^arn:/),
          keySpec: 'ECC_NIST_P256',
          certificate: pem,
        },
      ],
    });
    expect(world.exchange.text(bundleKey(TRUST_DOMAIN, ca))).toBe(pem);
    const name = { trustDomain: TRUST_DOMAIN, ca, version: 1 };
    expect(world.authority.text(caCertificateKey(name))).toBe(pem);
  }
});

it('what KMS signs is recorded first, and is a statement that is nothing a CA signs otherwise', async () => {
  const world = opened();
  await importInto(world);
  const records: unknown[] = [];
  world.keys.interrupt = (point) => {
    if (point === 'before sign') records.push(world.authority.json(caRecordKey(nameOf('ca'))));
  };
  await world.adopt(toAdopt(existing, ['ca']));
  const { x509 } = existing.ca;
  const [record] = records as { certificate: string; proof: string }[];
  const proof = Buffer.from(record?.proof ?? '', 'base64').toString('latin1');
  const sha256 = createHash('sha256').update(x509.raw).digest('hex');
  expect(record).toMatchObject({
    origin: 'adopted',
    certificate: Buffer.from(x509.raw).toString('base64'),
  });
  expect(record).not.toHaveProperty('tbs');
  expect(proof.split('\0')).toEqual([
    'cakeless key proof',
    'prod/ca/1',
    sha256,
    expect.stringMatching(/^[0-9a-f]{64}$/),
  ]);
  expect(world.keys.records).toEqual([caRecordKey(nameOf('ca'))]);
});

const nameOf = (ca: AdoptableCa) => ({ trustDomain: TRUST_DOMAIN, ca, version: 1 });

it('adopting the same CAs again changes nothing, and restores a bundle that is missing', async () => {
  const world = opened();
  const first = await adoptAll(world.service, world.keys, TRUST_DOMAIN, existing);
  world.exchange.objects.delete(bundleKey(TRUST_DOMAIN, 'etcd-ca'));
  const again = await world.adopt(toAdopt(existing));
  expect(again).toEqual({ document: first.document, created: false, added: [] });
  expect(world.exchange.text(bundleKey(TRUST_DOMAIN, 'etcd-ca'))).toContain('BEGIN CERTIFICATE');
  expect(world.keys.signed).toHaveLength(3);
});

it('CAs can be adopted one after another, and kubelet-ca can be created beside them', async () => {
  const world = opened();
  await adoptAll(world.service, world.keys, TRUST_DOMAIN, existing, ['ca', 'front-proxy-ca']);
  const later = await adoptAll(world.service, world.keys, TRUST_DOMAIN, existing, ['etcd-ca']);
  expect([later.created, later.added]).toEqual([false, ['etcd-ca']]);
  const { document, added } = await world.create({ cas: ['kubelet-ca'] });
  expect(added).toEqual(['kubelet-ca']);
  const origins = CA_NAMES.map((ca) => document.cas[ca]?.versions[0]?.origin);
  expect(origins).toEqual(['adopted', 'adopted', 'adopted', 'made']);
});

describe('refuses, before any object is written,', () => {
  it('a key that has not been imported yet, and names each', async () => {
    const world = opened();
    const { cas } = await world.prepare(toAdopt(existing));
    world.keys.import(cas['etcd-ca']?.keyId ?? '', existing['etcd-ca'].privateKey);
    await expect(world.adopt(toAdopt(existing))).rejects.toMatchObject({
      code: 'request-malformed',
      message: expect.stringMatching(
        /^ca: the key is not imported yet \(arn:.*\); front-proxy-ca: /,
      ),
    });
    expect(isEmpty(world)).toBe(true);
  });

  it.each(['prepare', 'adopt'] as const)(
    'a key that is not that of the certificate, in %s',
    async (action) => {
      const world = opened();
      const other = readAdoptedSet('kubeadm-1.35.4-p256');
      await importInto(
        world,
        { ...other, ca: { ...other.ca, privateKey: other['etcd-ca'].privateKey } },
        ['ca'],
      );
      await expect(world[action](toAdopt(existing, ['ca']))).rejects.toMatchObject({
        code: 'request-malformed',
        message: expect.stringMatching(/^ca: .* does not have the key of the certificate/),
      });
      expect(isEmpty(world)).toBe(true);
      expect(world.keys.signed).toEqual([]);
    },
  );

  it('a KMS key of another key spec', async () => {
    const world = opened();
    await world.prepare(toAdopt(existing, ['ca']));
    await expect(world.prepare(toAdopt(strangers, ['ca']))).rejects.toThrow(
      /is a ECC_NIST_P256 key, and the certificate has a key for ECC_NIST_P384/,
    );
  });

  it('one certificate for two CAs', async () => {
    const world = opened();
    const { certificate } = readAdoptedSet('cfssl-template').ca;
    const shared = { ca: { certificate }, 'etcd-ca': { certificate } };
    await expect(world.adopt(shared)).rejects.toMatchObject({ code: 'request-malformed' });
    expect(isEmpty(world)).toBe(true);
  });

  it('one key in two certificates', async () => {
    const world = opened();
    const keys = newEcKeys();
    const cas = Object.fromEntries(
      ['ca', 'etcd-ca'].map((ca) => {
        const subject = commonNameOf(ca);
        const der = writeCaCertificate(keys, new Date('2026-12-01T00:00:00Z'), { subject });
        return [ca, { certificate: certificateToPem(der) }];
      }),
    );
    await expect(world.prepare(cas)).rejects.toThrow(
      'etcd-ca: the certificate has the same key as ca: each CA needs its own',
    );
  });

  it('the key of a CA of another trust domain', async () => {
    const world = opened();
    await adoptAll(world.service, world.keys, 'other', existing, ['ca']);
    const before = [...world.authority.objects.keys()];
    await importInto(world);
    await expect(world.adopt(toAdopt(existing))).rejects.toThrow(
      /is already the key of ca of trust domain other, version 1/,
    );
    expect([...world.authority.objects.keys()]).toEqual(before);
  });

  it('a new trust domain without ca', async () => {
    const world = opened();
    await expect(world.prepare(toAdopt(existing, ['etcd-ca']))).rejects.toThrow('must have ca');
    expect(isEmpty(world)).toBe(true);
  });

  it('with all reasons at once, certificates that cannot be adopted', async () => {
    const leaf = 'no certificate';
    const both = `${existing['etcd-ca'].certificate}${strangers['etcd-ca'].certificate}`;
    const cas = {
      ca: { certificate: leaf },
      'etcd-ca': { certificate: both },
      'front-proxy-ca': existing['etcd-ca'],
    };
    await expect(opened().prepare(cas)).rejects.toThrow(
      /^ca: the certificate is not one certificate in PEM; etcd-ca: the certificate is 2 certificates: .*; front-proxy-ca: the certificate has the name of another CA/,
    );
  });
});

describe('an existing CA is not changed:', () => {
  it('a CA that was created is not adopted', async () => {
    const world = opened();
    await world.create({ cas: ['ca'] });
    const before = world.authority.text('trust/prod.json');
    await importInto(world, existing, []);
    await expect(world.adopt(toAdopt(existing, ['ca']))).rejects.toThrow(
      'ca: trust domain prod already has it, with another certificate or key',
    );
    expect(world.authority.text('trust/prod.json')).toBe(before);
  });

  it('an adopted CA is not adopted with another certificate', async () => {
    const world = opened();
    await adoptAll(world.service, world.keys, TRUST_DOMAIN, existing);
    await expect(world.adopt(toAdopt(strangers, ['ca']))).rejects.toThrow(
      'already has it, with another certificate or key',
    );
  });

  it('a CA that is being created is not adopted, nor the other way round', async () => {
    const created = opened();
    created.keys.interrupt = killed;
    await expect(created.create({ cas: ['ca'] })).rejects.toThrow('killed');
    await expect(importInto(created, existing, ['ca'])).rejects.toThrow(
      'ca: it is being created (ca-records/prod/ca/1.json)',
    );

    const adopted = opened();
    await importInto(adopted);
    adopted.keys.interrupt = killed;
    await expect(adopted.adopt(toAdopt(existing, ['ca']))).rejects.toThrow('killed');
    adopted.keys.interrupt = () => {};
    await expect(adopted.create({ cas: ['ca'] })).rejects.toThrow(
      'ca of trust domain prod is being adopted (ca-records/prod/ca/1.json)',
    );
    expect((await adopted.adopt(toAdopt(existing, ['ca']))).created).toBe(true);
  });
});

it('an adoption that was interrupted is finished with its KMS key, although another has the same private key', async () => {
  const world = opened();
  await importInto(world);
  world.keys.interrupt = killed;
  await expect(world.adopt(toAdopt(existing, ['ca']))).rejects.toThrow('killed');
  world.keys.interrupt = () => {};
  const record = world.authority.json(caRecordKey(nameOf('ca'))) as { keyId: string };
  const moved = { ...record, keyId: 'arn:of-the-first-import' };
  world.authority.seed(caRecordKey(nameOf('ca')), JSON.stringify(moved));
  await expect(world.adopt(toAdopt(existing, ['ca']))).rejects.toMatchObject({
    code: 'request-malformed',
    message: `ca: it is being adopted with the key arn:of-the-first-import (ca-records/prod/ca/1.json): name that one instead of ${record.keyId}`,
  });
});

function killed(): never {
  throw new Error('killed');
}

it('adoptions that race have one result', async () => {
  const world = opened();
  await importInto(world);
  const results = await Promise.all(
    Array.from({ length: 4 }, () => world.adopt(toAdopt(existing))),
  );
  for (const { document } of results) expect(document).toEqual(results[0]?.document);
  expect(results.filter(({ created }) => created)).toHaveLength(1);
  const claims = [...world.authority.objects.keys()].filter((key) => key.startsWith('ca-keys/'));
  expect(claims).toHaveLength(3);
});

it('of an adoption and a creation that race, one wins, and the other says so', async () => {
  const world = opened();
  await importInto(world);
  const results = await Promise.allSettled([
    world.adopt(toAdopt(existing, ['ca'])),
    world.create({ cas: ['ca'] }),
  ]);
  const lost = results.filter((result) => result.status === 'rejected');
  expect(lost).toHaveLength(1);
  expect(lost[0]?.reason).toMatchObject({ code: 'request-malformed' });
  const { origin, certificate = '' } =
    (await world.create().catch(() => world.adopt(toAdopt(existing, ['ca'])))).document.cas.ca
      .versions[0] ?? {};
  const isAdopted = new X509Certificate(certificate).raw.equals(existing.ca.x509.raw);
  expect(origin === 'adopted').toBe(isAdopted);
});

it.each([
  ['a certificate to be signed', (proof: string) => `0\x82${proof}`],
  ['the proof of another CA', (proof: string) => proof.replace('prod/ca', 'prod/etcd-ca')],
  [
    'the proof of another certificate',
    (proof: string) => proof.replace(/[0-9a-f]{64}/, (h) => h.replace(/./g, '0')),
  ],
  ['a proof with more after it', (proof: string) => `${proof}00`],
])('%s in a record that somebody else wrote is not signed', async (_, change) => {
  const world = opened();
  await importInto(world);
  world.keys.interrupt = killed;
  await expect(world.adopt(toAdopt(existing, ['ca']))).rejects.toThrow('killed');
  world.keys.interrupt = () => {};
  const key = caRecordKey(nameOf('ca'));
  const record = world.authority.json(key) as { proof: string };
  const proof = change(Buffer.from(record.proof, 'base64').toString('latin1'));
  const forged = { ...record, proof: Buffer.from(proof, 'latin1').toString('base64') };
  world.authority.seed(key, JSON.stringify(forged));
  await expect(world.adopt(toAdopt(existing, ['ca']))).rejects.toMatchObject({
    code: 'document-malformed',
  });
  expect(world.keys.signed).toEqual([]);
});
