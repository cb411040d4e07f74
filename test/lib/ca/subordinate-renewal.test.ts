/** CAs below a corporate root, whose certificates are renewed with the same key: the CSR, the import, and its traces. */
import { verify, X509Certificate } from 'node:crypto';
import { isProofOf } from '../../../lib/ca/key-proof.ts';
import { renewCa } from '../../../lib/ca/renew-ca.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { readCertificate } from '../../../lib/certificate/read-certificate.ts';
import {
  caRenewalCertificateKey,
  caRenewalRecordKey,
  caRenewalSignatureKey,
} from '../../../lib/contract/ca-renewal-record.ts';
import {
  type PublishedRenewals,
  publishedRenewalsKey,
} from '../../../lib/contract/published-renewals.ts';
import { bundleKey, chainKey } from '../../../lib/contract/trust-domain.ts';
import { OID } from '../../../lib/der/oids.ts';
import { readDer } from '../../../lib/der/read.ts';
import { context, contextPrimitive, octetString, sequence } from '../../../lib/der/write.ts';
import {
  commonNameOf,
  extension,
  type KeyPair,
  newEcKeys,
  spkiOf,
  utf8,
  nameOf as x500Name,
} from '../../support/ca-certificate.ts';
import { CorporateRoot, extensionsBelow, publicOnly } from '../../support/corporate-root.ts';
import {
  corporate,
  csrRecords,
  killed,
  NOW,
  nameOf,
  type Opened,
  partsOf,
  strangers,
  TRUST_DOMAIN,
} from './subordinate.ts';
import {
  change,
  DAY_MS,
  days,
  documentOf,
  END,
  later,
  preview,
  RENEWED_AT,
  reissue,
  versionOf,
} from './subordinate-renewal.ts';

const FIRST = { ...nameOf('ca'), renewal: 1 };

const keysOf = (world: Opened): KeyPair => {
  const { publicKey } = new X509Certificate(versionOf(world).certificate);
  return publicOnly(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
};

/** Extensions of a certificate of this CA, with another subjectKeyIdentifier or none. */
const withIdentifier = (keys: KeyPair, identifier?: Uint8Array) => ({
  extensions: extensionsBelow(keys, corporate.issuingKeys, {
    without: [OID.subjectKeyIdentifier],
    more:
      identifier === undefined
        ? []
        : [extension(OID.subjectKeyIdentifier, octetString(identifier))],
  }),
});

/** Extensions of a certificate that excludes names of nodes. */
const constraining = (keys: KeyPair) => ({
  extensions: extensionsBelow(keys, corporate.issuingKeys, {
    more: [
      extension(OID.nameConstraints, sequence(context(1, sequence(dnsName('example.com')))), true),
    ],
  }),
});
const dnsName = (text: string) => contextPrimitive(2, Buffer.from(text));

describe('a CSR for a CA that exists', () => {
  it('is the same as before, says what it renews, and is not signed again', async () => {
    const world = await later();
    const [record = ''] = csrRecords(world);
    const signed = world.keys.signed.length;
    const { cas } = await world.request();
    const { fingerprint256 } = new X509Certificate(versionOf(world).certificate);
    expect(cas.ca?.renews).toEqual({
      version: 1,
      notAfter: END.toISOString(),
      sha256: fingerprint256,
    });
    expect(csrRecords(world)).toEqual([record]);
    expect(world.keys.signed).toHaveLength(signed);
    expect(cas.ca?.csr).toBe(world.authority.text(record.replace(/json$/, 'csr')));
  });

  it.each<[string, (keys: KeyPair) => Parameters<typeof later>[0]]>([
    [
      'a subject that the corporate CA chose',
      () => ({
        subject: x500Name(
          [OID.organizationName, utf8('Example')],
          [OID.commonName, utf8('kubernetes')],
        ),
      }),
    ],
    [
      'a key identifier that the corporate CA chose',
      (keys) => withIdentifier(keys, Buffer.from('id')),
    ],
  ])('asks for the same again: %s', async (_, changesOf) => {
    const world = await later();
    const changed = reissue(world, { notAfter: END, ...changesOf(keysOf(world)) });
    change(world, ({ cas }) => {
      const [version] = cas.ca.versions;
      if (version) version.certificate = changed.certificate;
    });
    const before = csrRecords(world).length;
    const first = await world.request();
    expect(await world.request()).toEqual(first);
    expect(csrRecords(world)).toHaveLength(before + 1);
    const { info, signature } = partsOf(first.cas.ca?.csr ?? '');
    const existing = new X509Certificate(changed.certificate);
    const { subject, publicKey, extensions } = readCertificate(existing.raw);
    expect(verify('sha256', info, existing.publicKey, signature)).toBe(true);
    const [, name, key] = readDer(info, 'info').children();
    expect([name?.raw, key?.raw]).toEqual([subject.raw, publicKey.raw]);
    const identifier = extensions.find(({ id }) => id === OID.subjectKeyIdentifier)?.value;
    expect(info.includes(Buffer.from(identifier ?? []))).toBe(true);
  });

  it.each<[string, object, object, RegExp]>([
    [
      'another common name',
      { commonName: 'other' },
      {},
      /^ca: its common name is kubernetes, and cannot be changed/,
    ],
    [
      'another key spec',
      {},
      { keySpec: 'RSA_2048' },
      /^ca: its key .* is a ECC_NIST_P256 key, not RSA_2048$/,
    ],
  ])('refuses %s', async (_, given, more, message) => {
    const world = await later();
    await expect(world.request({ ca: given }, more)).rejects.toMatchObject({
      code: 'request-malformed',
      message: expect.stringMatching(message),
    });
  });

  it('refuses another key, and takes its own by name', async () => {
    const world = await later();
    const mine = { trustDomain: 'mine', ca: 'ca', version: 1 } as const;
    const other = await world.keys.ensure(mine, 'ECC_NIST_P256');
    await expect(world.request({ ca: { keyId: other.keyId } })).rejects.toThrow(/, and stays: /);
    const { keyId } = versionOf(world);
    expect((await world.request({ ca: { keyId } })).cas.ca?.keyId).toBe(keyId);
  });
});

describe('importing another certificate of a CA that exists', () => {
  it('renews the version: its number, key and claim stay, and what is published changes', async () => {
    const world = await later();
    const before = versionOf(world);
    const given = reissue(world);
    const { renewed, added, created, document } = await world.importing({ ca: given });
    const [old, fresh] = [before.certificate, given.certificate].map((pem) => {
      const { validTo, fingerprint256 } = new X509Certificate(pem);
      return { notAfter: new Date(validTo).toISOString(), sha256: fingerprint256 };
    });
    expect([added, created, renewed]).toEqual([
      [],
      false,
      [
        {
          ...{ trustDomain: TRUST_DOMAIN, ca: 'ca', version: 1, renewals: 1, changed: true },
          before: old,
          after: fresh,
        },
      ],
    ]);
    expect(versionOf(world)).toEqual({
      ...before,
      ...given,
      renewals: 1,
      renewed: [before.certificate],
      voucher: { proof: expect.any(String), signature: expect.any(String) },
    });
    expect(document).toEqual(documentOf(world));
    expect(world.exchange.text(bundleKey(TRUST_DOMAIN, 'ca'))).toBe(given.certificate);
    expect(world.exchange.text(chainKey(TRUST_DOMAIN, 'ca'))).toBe(given.certificate + given.chain);
    expect(world.authority.text(caRenewalCertificateKey(FIRST))).toBe(given.certificate);
  });

  it('records a proof first, which names the certificate, and publishes its signature', async () => {
    const world = await later();
    const given = reissue(world);
    const { publicKey, raw } = new X509Certificate(given.certificate);
    world.keys.interrupt = (point) => {
      if (point === 'before sign')
        expect(world.authority.json(caRenewalRecordKey(FIRST))).toMatchObject({
          ...FIRST,
          origin: 'subordinate',
          certificate: raw.toString('base64'),
          chain: given.chain,
          decidedAt: RENEWED_AT.toISOString(),
        });
    };
    const signed = world.keys.records.length;
    await world.importing({ ca: given });
    expect(world.keys.records.slice(signed)).toEqual([caRenewalRecordKey(FIRST)]);
    const published = world.exchange.json(publishedRenewalsKey(TRUST_DOMAIN)) as PublishedRenewals;
    expect(published).toEqual({
      trustDomain: TRUST_DOMAIN,
      renewals: [{ ca: 'ca', version: 1, keySpec: 'ECC_NIST_P256', ...versionOf(world).voucher }],
    });
    const [{ proof = '', signature = '' } = {}] = published.renewals;
    const bytes = Buffer.from(proof, 'base64');
    expect(isProofOf(bytes, nameOf('ca'), raw)).toBe(true);
    expect(verify('sha256', bytes, publicKey, Buffer.from(signature, 'base64'))).toBe(true);
  });

  it.each<[string, () => CorporateRoot, RegExp[]]>([
    [
      'another intermediate CA below the same root',
      () =>
        new CorporateRoot({
          root: { keys: corporate.rootKeys },
          issuing: { serialNumber: Uint8Array.of(10) },
        }),
      [],
    ],
    [
      'another root',
      () => strangers,
      [/^is below a root that is not .* nodes with a chain file its hash$/],
    ],
  ])('takes %s', async (_, by, warnings) => {
    const world = await later();
    const above = by();
    // CorporateRoot signs a new root certificate each time
    const root =
      above.rootKeys === corporate.rootKeys ? certificateToPem(corporate.root) : undefined;
    const given = reissue(world, {}, above);
    const chain = root === undefined ? given.chain : certificateToPem(above.issuing) + root;
    const result = await world.importing({ ca: { ...given, chain } });
    expect(result.warnings.map(({ text }) => text)).toEqual(
      warnings.map((one) => expect.stringMatching(one)),
    );
    expect(versionOf(world)).toMatchObject({ chain, renewals: 1 });
  });

  it('with the same certificate and another chain changes what is above it', async () => {
    const world = await later();
    const before = versionOf(world);
    const crossed = new CorporateRoot({
      root: { keys: corporate.rootKeys, serialNumber: Uint8Array.of(5) },
      issuing: { keys: corporate.issuingKeys },
    });
    const { certificate } = before;
    await world.importing({ ca: { certificate, chain: crossed.chainPem } });
    const after = versionOf(world);
    expect(after).toMatchObject({ certificate, chain: crossed.chainPem, renewals: 1 });
    expect(after.renewed).toBeUndefined();
  });

  it('again changes nothing, and restores what is missing', async () => {
    const world = await later();
    const given = { ca: reissue(world) };
    await world.importing(given);
    const [document, signed] = [documentOf(world), world.keys.signed.length];
    const published = new Map(world.exchange.objects);
    world.exchange.objects.clear();
    expect((await world.importing(given)).renewed).toEqual([]);
    expect(documentOf(world)).toEqual(document);
    expect([...world.exchange.objects.keys()].sort()).toEqual([...published.keys()].sort());
    expect(world.keys.signed).toHaveLength(signed);
  });

  it('can be repeated, and keeps the previous certificates', async () => {
    const world = await later();
    const first = versionOf(world).certificate;
    const second = reissue(world);
    await world.importing({ ca: second });
    const third = reissue(world, { notAfter: days(4000) });
    await world.importing({ ca: third });
    expect(versionOf(world)).toMatchObject({
      certificate: third.certificate,
      renewals: 2,
      renewed: [first, second.certificate],
    });
    await expect(world.importing({ ca: second })).rejects.toThrow(
      /^ca: the certificate was imported before, and has been renewed since/,
    );
  });

  it('keeps the name constraints that the CA has already', async () => {
    const world = await later();
    const limited = reissue(world, { notAfter: END, ...constraining(keysOf(world)) });
    change(world, ({ cas }) => {
      const [version] = cas.ca.versions;
      if (version) version.certificate = limited.certificate;
    });
    const given = { ca: reissue(world, constraining(keysOf(world))) };
    expect((await world.importing(given)).renewed).toHaveLength(1);
  });

  it('with the first certificate of another CA does both', async () => {
    const world = await later();
    const given = { ca: reissue(world), ...(await world.issue(['etcd-ca'])) };
    expect(await preview(world, given.ca)).toMatchObject({ adds: [], renewed: [{ ca: 'ca' }] });
    const { added, renewed } = await world.importing(given);
    expect([added, renewed.map(({ ca }) => ca)]).toEqual([['etcd-ca'], ['ca']]);
  });

  it('is refused as a renewal that the service could sign itself', async () => {
    const world = await later();
    const request = { action: 'renew-ca', trustDomain: TRUST_DOMAIN, ca: 'ca' } as const;
    await expect(renewCa(world.service, request)).rejects.toThrow(
      /^ca of trust domain prod is subordinate: .* cakeless trust-domain csr prod --ca ca/,
    );
  });
});

it('what the import would change is said before, and nothing is written', async () => {
  const world = await later();
  const [before, calls] = [new Map(world.authority.objects), world.keys.signed.length];
  const given = reissue(world);
  expect(await preview(world, given)).toMatchObject({
    trustDomain: TRUST_DOMAIN,
    adds: [],
    renewed: [{ ca: 'ca', version: 1, renewals: 1, changed: false }],
    warnings: [],
  });
  expect(world.authority.objects).toEqual(before);
  expect(world.keys.signed).toHaveLength(calls);
  await world.importing({ ca: given });
  expect(await preview(world, given)).toMatchObject({ adds: [], renewed: [] });
});

describe('the import refuses, and writes nothing,', () => {
  const stranger = newEcKeys();

  it.each<[string, (world: Opened) => ReturnType<typeof reissue>, RegExp]>([
    [
      'a certificate for another key',
      () => ({
        certificate: certificateToPem(
          corporate.certify(spkiOf(stranger), 'kubernetes', RENEWED_AT, { notAfter: days(3650) }),
        ),
        chain: corporate.chainPem,
      }),
      /has a public key that is not that of the CA's KMS key/,
    ],
    [
      'another subject',
      (world) => reissue(world, { subject: commonNameOf('kubernetes-2') }),
      /has the subject CN=kubernetes-2, and the existing certificate has CN=kubernetes, .* ask for a certificate with the subject of the CSR/,
    ],
    [
      'the subject in another encoding',
      (world) => reissue(world, { subject: x500Name([OID.commonName, utf8('kubernetes')]) }),
      /has CN=kubernetes in another encoding/,
    ],
    [
      'another subjectKeyIdentifier',
      (world) => reissue(world, withIdentifier(keysOf(world), Buffer.from('other'))),
      /has the subjectKeyIdentifier 6f74686572, not [0-9a-f]{40}, /,
    ],
    [
      'no subjectKeyIdentifier',
      (world) => reissue(world, withIdentifier(keysOf(world))),
      /subjectKeyIdentifier/,
    ],
    [
      'name constraints that the existing certificate does not have, even if they permit what every cluster has',
      (world) => reissue(world, constraining(keysOf(world))),
      /has nameConstraints that the existing certificate does not have, .* ask for a certificate without nameConstraints/,
    ],
    [
      'an earlier end',
      (world) => reissue(world, { notAfter: days(700) }),
      /expires at 2028-11-23T12:00:00.000Z, and the existing certificate at 2029-03-03T12:00:00.000Z: /,
    ],
    [
      'the same end',
      (world) => reissue(world, { notAfter: END }),
      /ask for a certificate that does/,
    ],
    [
      'what the first certificate could not be either, such as one without its root',
      (world) => ({ ...reissue(world), chain: certificateToPem(corporate.issuing) }),
      /has a chain that ends with/,
    ],
    [
      'a renewal in a rotation of the CA',
      (world) => {
        const given = reissue(world);
        change(world, (document) => {
          const at = RENEWED_AT.toISOString();
          document.rotation = {
            ...{ ca: 'ca', from: 1, to: 2, phase: 'issue' },
            ...{ since: at, startedAt: at },
          };
        });
        return given;
      },
      /^ca: it is being rotated \(phase issue\): end the rotation first, or go back to stable$/,
    ],
  ])('%s', async (_, give, message) => {
    const world = await later();
    const given = give(world);
    const objects = () => [...world.authority.objects, ...world.exchange.objects];
    const [before, signed] = [objects(), world.keys.signed.length];
    for (const call of [() => world.importing({ ca: given }), () => preview(world, given)])
      await expect(call()).rejects.toMatchObject({
        code: 'request-malformed',
        message: expect.stringMatching(message),
      });
    expect(objects()).toEqual(before);
    expect(world.keys.signed).toHaveLength(signed);
  });
});

it('in a rotation of the CA, a certificate that it has already is no change, and another CSR is refused', async () => {
  const world = await later();
  const { certificate, chain = '' } = versionOf(world);
  change(world, (document) => {
    const at = RENEWED_AT.toISOString();
    document.rotation = {
      ...{ ca: 'ca', from: 1, to: 2, phase: 'trust' },
      ...{ since: at, startedAt: at },
    };
  });
  expect(await preview(world, { certificate, chain })).toMatchObject({ adds: [], renewed: [] });
  await expect(world.request()).rejects.toThrow(/^ca: it is being rotated \(phase trust\)/);
});

describe('renewals that are raced or interrupted', () => {
  it('those that race have one result', async () => {
    const world = await later();
    const given = { ca: reissue(world) };
    const results = await Promise.all(Array.from({ length: 4 }, () => world.importing(given)));
    expect(results.flatMap(({ renewed }) => renewed)).toHaveLength(1);
    expect(versionOf(world)).toMatchObject({ renewals: 1, certificate: given.ca.certificate });
  });

  it('of two that race with different certificates, the later one stays', async () => {
    const world = await later();
    const [short, long] = [reissue(world), reissue(world, { notAfter: days(4000) })];
    await Promise.allSettled([world.importing({ ca: short }), world.importing({ ca: long })]);
    expect(versionOf(world).certificate).toBe(long.certificate);
  });

  it('one that was recorded and given up is finished before another one', async () => {
    const world = await later();
    const [first, second] = [reissue(world), reissue(world, { notAfter: days(4000) })];
    world.keys.interrupt = killed;
    await expect(world.importing({ ca: first })).rejects.toThrow('killed');
    world.keys.interrupt = () => {};
    world.service.now = () => new Date(RENEWED_AT.getTime() + 100 * DAY_MS);
    const { renewed } = await world.importing({ ca: second });
    expect(renewed.map(({ renewals }) => renewals)).toEqual([1, 2]);
    expect(versionOf(world).certificate).toBe(second.certificate);
  });
});

describe('what someone else wrote', () => {
  it.each<[string, (record: Record<string, string>, world: Opened) => object]>([
    ['for another key', () => ({ keyId: 'arn:other' })],
    ['of another renewal', () => ({ renewal: 2 })],
    ['that renews another certificate', (_, world) => ({ renews: derOf(reissue(world)) })],
    [
      'with something that is not a proof',
      () => ({ proof: Buffer.from('0\x82').toString('base64') }),
    ],
    [
      'with the proof of another certificate',
      (_, world) => ({ certificate: derOf(reissue(world, { notAfter: days(9000) })) }),
    ],
    [
      'with a certificate of another key',
      () => ({
        certificate: Buffer.from(
          corporate.certify(spkiOf(newEcKeys()), 'kubernetes', NOW),
        ).toString('base64'),
      }),
    ],
    ['of a certificate that KMS would sign', () => ({ origin: 'made', tbs: 'MAA=' })],
  ])('a record %s is not signed', async (_, forge) => {
    const world = await later();
    const given = { ca: reissue(world) };
    world.keys.interrupt = killed;
    await expect(world.importing(given)).rejects.toThrow('killed');
    world.keys.interrupt = () => {};
    const key = caRenewalRecordKey(FIRST);
    const record = world.authority.json(key) as Record<string, string>;
    world.authority.seed(key, JSON.stringify({ ...record, ...forge(record, world) }));
    const signed = world.keys.signed.length;
    await expect(world.importing(given)).rejects.toMatchObject({ code: 'document-malformed' });
    expect(world.keys.signed).toHaveLength(signed);
  });

  it('a signature that is not that of the key is not published', async () => {
    const world = await later();
    world.authority.seed(caRenewalSignatureKey(FIRST), 'AAAA\n');
    await expect(world.importing({ ca: reissue(world) })).rejects.toMatchObject({
      code: 'document-malformed',
    });
    expect(versionOf(world).renewals).toBeUndefined();
  });
});

const derOf = ({ certificate }: { certificate: string }) =>
  new X509Certificate(certificate).raw.toString('base64');
