/** CAs below a corporate root: the CSR, the import of the certificate, and what survives interruptions. */
import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { adoptCas } from '../../../lib/ca/adopt.ts';
import { writeRequestInfo } from '../../../lib/ca/draft-csr.ts';
import type { CasToImport } from '../../../lib/ca/trust-domain-request.ts';
import { assembleCertificate } from '../../../lib/certificate/assemble.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { readCertificate } from '../../../lib/certificate/read-certificate.ts';
import { caCsrKey, caCsrRecordKey } from '../../../lib/contract/ca-csr-record.ts';
import { caCertificateKey, caRecordKey } from '../../../lib/contract/ca-record.ts';
import { bundleKey, chainKey, trustDomainKey } from '../../../lib/contract/trust-domain.ts';
import { readDer, TAG } from '../../../lib/der/read.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { signingAlgorithmOf } from '../../../lib/signing/signing-algorithm.ts';
import { importAll, readAdoptedSet, toAdopt } from '../../support/adopted-cas.ts';
import { keyUsage, newEcKeys, spkiOf } from '../../support/ca-certificate.ts';
import { extensionsBelow } from '../../support/corporate-root.ts';
import {
  CSR,
  corporate,
  csrRecords,
  killed,
  NOW,
  nameOf,
  type Opened,
  opened,
  partsOf,
  strangers,
  TRUST_DOMAIN,
} from './subordinate.ts';

describe('a CSR', () => {
  it.each(['ECC_NIST_P256', 'ECC_NIST_P384', 'RSA_2048'] as const)(
    'of a %s key is signed with it, asks for a CA, and is recorded first',
    async (keySpec) => {
      const world = opened();
      const seen: unknown[] = [];
      world.keys.interrupt = (point) => {
        if (point === 'before sign')
          seen.push(...csrRecords(world).map((k) => world.authority.json(k)));
      };
      const { cas } = await world.request({ ca: {} }, { keySpec });
      const { keyId = '', csr = '' } = cas.ca ?? {};
      expect(cas.ca?.keySpec).toBe(keySpec);
      const { info, signature } = partsOf(csr);
      const publicKey = createPublicKey(world.keys.privateKeyOf(keyId));
      expect(verify(signingAlgorithmOf(keySpec).hash, info, publicKey, signature)).toBe(true);
      expect(seen).toMatchObject([
        { trustDomain: TRUST_DOMAIN, ca: 'ca', commonName: 'kubernetes', keyId },
      ]);
      expect(seen).toMatchObject([{ request: info.toString('base64') }]);
      const sha256 = createHash('sha256').update(info).digest('hex');
      expect(world.keys.records).toEqual([caCsrRecordKey({ ...nameOf('ca'), sha256 })]);
      expect(world.authority.text(caCsrKey({ ...nameOf('ca'), sha256 }))).toBe(csr);
    },
  );

  it('can never be taken for a certificate: its second field is a name, and it has four', () => {
    for (const name of ['kubernetes', 'x', 'ä'.repeat(64), ' ']) {
      const info = writeRequestInfo(name, spkiOf(newEcKeys()));
      const fields = readDer(info, 'info').expect(TAG.sequence).children();
      // TBSCertificate (RFC 5280 section 4.1): at least serialNumber, signature, issuer, validity, subject and key
      expect(fields.map(({ tag }) => tag)).toEqual([TAG.integer, TAG.sequence, TAG.sequence, 0xa0]);
      // its signature is an AlgorithmIdentifier, which begins with an OBJECT IDENTIFIER
      expect(fields[1]?.children().map(({ tag }) => tag)).toEqual([TAG.set]);
      const algorithm = signingAlgorithmOf('ECC_NIST_P256');
      const forged = assembleCertificate(info, { algorithm }, new Uint8Array(70));
      expect(() => new X509Certificate(forged)).toThrow();
      expect(() => readCertificate(forged)).toThrow();
    }
  });

  it('is the same for the same request, and is signed once', async () => {
    const world = opened();
    const first = await world.request({ ca: {}, 'etcd-ca': {} });
    const second = await world.request({ ca: {}, 'etcd-ca': {} });
    expect(second).toEqual(first);
    expect(world.keys.signed).toHaveLength(2);
  });

  it('with another common name is another CSR of the same key', async () => {
    const world = opened();
    const one = await world.request();
    const other = await world.request({ ca: { commonName: 'Example prod CA' } });
    expect(other.cas.ca?.keyId).toBe(one.cas.ca?.keyId);
    expect(other.cas.ca?.csr).not.toBe(one.cas.ca?.csr);
    expect(csrRecords(world)).toHaveLength(2);
    expect(await world.request()).toEqual(one);
  });

  it('can be for a key that the request names', async () => {
    const world = opened();
    const mine = { trustDomain: 'mine', ca: 'ca', version: 1 } as const;
    const { keyId } = await world.keys.ensure(mine, 'ECC_NIST_P256');
    expect((await world.request({ ca: { keyId } })).cas.ca?.keyId).toBe(keyId);
  });

  it('creates no CA, and claims the key', async () => {
    const world = opened();
    await world.request({ ca: {} });
    expect(world.exchange.objects.size).toBe(0);
    expect([...world.authority.objects.keys()].map((key) => key.split('/')[0]).sort()).toEqual([
      'ca-keys',
      'ca-records',
      'ca-records',
    ]);
  });

  it('of racing calls is one CSR', async () => {
    const world = opened();
    const all = await Promise.all(Array.from({ length: 4 }, () => world.request()));
    for (const one of all) expect(one).toEqual(all[0]);
    expect(csrRecords(world)).toHaveLength(1);
  });

  it('whose call was killed anywhere is finished by the next', async () => {
    for (let point = 1, isReached = true; isReached; point += 1) {
      const world = opened();
      let calls = 0;
      const interrupt = () => {
        calls += 1;
        if (calls === point) killed();
      };
      for (const part of [world.authority, world.keys]) part.interrupt = interrupt;
      await world.request().catch(() => {});
      isReached = calls >= point;
      for (const part of [world.authority, world.keys]) part.interrupt = () => {};
      expect((await world.request()).cas.ca?.csr).toMatch(CSR);
      expect(csrRecords(world)).toHaveLength(1);
    }
  });

  it.each<[string, (record: Record<string, string>) => object]>([
    [
      'a certificate to be signed',
      (record) => ({
        request: Buffer.from(
          readDer(corporate.issuing, 'x').children()[0]?.raw ?? Buffer.of(),
        ).toString('base64'),
        publicKey: record.publicKey,
      }),
    ],
    ['another common name', () => ({ commonName: 'admin' })],
    [
      'another public key',
      () => ({ publicKey: Buffer.from(spkiOf(newEcKeys())).toString('base64') }),
    ],
    ['the key of another CA', () => ({ keyId: 'arn:aws:kms:eu-central-1:111122223333:key/other' })],
  ])('is not signed if somebody else wrote %s into its record', async (_, change) => {
    const world = opened();
    world.keys.interrupt = killed;
    await expect(world.request()).rejects.toThrow('killed');
    world.keys.interrupt = () => {};
    const [key = ''] = csrRecords(world);
    const record = world.authority.json(key) as Record<string, string>;
    world.authority.seed(key, JSON.stringify({ ...record, ...change(record) }));
    await expect(world.request()).rejects.toMatchObject({ code: 'document-malformed' });
    expect(world.keys.signed).toEqual([]);
  });

  describe('is refused', () => {
    it('for CAs that exist, or are being made, with all reasons, and nothing is written', async () => {
      const world = opened();
      await world.create({ cas: ['ca'] });
      world.keys.interrupt = killed;
      await expect(world.create({ cas: ['etcd-ca'] })).rejects.toThrow('killed');
      world.keys.interrupt = () => {};
      const before = [...world.authority.objects.keys()];
      const cas = { ca: {}, 'etcd-ca': {}, 'kubelet-ca': { commonName: 'kubernetes' } };
      await expect(world.request(cas)).rejects.toThrow(
        /^ca: trust domain prod already has it: .*; etcd-ca: it is being created, adopted or imported \(ca-records\/prod\/etcd-ca\/1\.json\): finish that instead; kubelet-ca: CN=kubernetes is the name of another CA, kubeadm's of ca$/,
      );
      expect([...world.authority.objects.keys()]).toEqual(before);
    });

    it('with a key spec that the existing key does not have', async () => {
      const world = opened();
      await world.request();
      await expect(world.request({ ca: {} }, { keySpec: 'RSA_4096' })).rejects.toThrow(
        /^ca: its key .* is a ECC_NIST_P256 key, not RSA_4096$/,
      );
    });

    it('for the key of another CA', async () => {
      const world = opened();
      const { keyId = '' } = (await world.request()).cas.ca ?? {};
      await expect(world.request({ 'etcd-ca': { keyId } })).rejects.toThrow(
        /is already the key of ca of trust domain prod/,
      );
    });
  });
});

it('a CA for which a certificate was requested is not created or adopted instead', async () => {
  const world = opened();
  await world.request();
  await expect(world.create()).rejects.toThrow(
    'a certificate was requested for ca of trust domain prod (ca-records/prod/ca/1.csr/): import that instead of creating it',
  );
  const existing = readAdoptedSet('kubeadm-1.35.4-p256');
  await expect(
    importAll(world.service, world.keys, TRUST_DOMAIN, existing, ['ca']),
  ).rejects.toThrow('ca: a certificate was requested for its key (ca-records/prod/ca/1.csr/)');
});

it('a CA that is being created is finished, even if a certificate was requested at the same moment', async () => {
  const world = opened();
  world.keys.interrupt = killed;
  await expect(world.create({ cas: ['ca'] })).rejects.toThrow('killed');
  world.keys.interrupt = () => {};
  const sha256 = 'a'.repeat(64);
  world.authority.seed(caCsrRecordKey({ ...nameOf('ca'), sha256 }), '{}');
  expect((await world.create({ cas: ['ca'] })).document.cas.ca.versions[0]?.origin).toBe('made');
});

describe('importing certificates', () => {
  it('gives the trust domain the CAs, each with the certificates above it, and bundles without them', async () => {
    const world = opened();
    const cas = await world.issue();
    const { document, created, added, warnings } = await world.importing(cas);
    expect([created, added, warnings]).toEqual([true, [...CA_NAMES], []]);
    for (const ca of CA_NAMES) {
      const { certificate, chain } = cas[ca] ?? {};
      expect(document.cas[ca]).toEqual({
        signing: 1,
        versions: [
          {
            version: 1,
            origin: 'subordinate',
            since: NOW.toISOString(),
            keyId: expect.stringMatching(/^arn:/),
            keySpec: 'ECC_NIST_P256',
            certificate,
            chain,
          },
        ],
      });
      expect(world.exchange.text(bundleKey(TRUST_DOMAIN, ca))).toBe(certificate);
      expect(world.exchange.text(chainKey(TRUST_DOMAIN, ca))).toBe(`${certificate}${chain}`);
      expect(world.authority.text(caCertificateKey(nameOf(ca)))).toBe(certificate);
    }
  });

  it('keeps the octets of a certificate with text around it', async () => {
    const world = opened();
    const { ca } = await world.issue(['ca']);
    const { certificate = '', chain = '' } = ca ?? {};
    const dressed = `issuer=CN=x\r\n${certificate.replaceAll('\n', '\r\n')}`;
    const { document } = await world.importing({
      ca: { certificate: dressed, chain: `\n${chain}` },
    });
    expect(document.cas.ca.versions[0]).toMatchObject({ certificate, chain });
  });

  it('records a proof of the key first, which is nothing that a CA signs otherwise', async () => {
    const world = opened();
    const cas = await world.issue(['ca']);
    const before = world.keys.records.length;
    await world.importing(cas);
    expect(world.keys.records.slice(before)).toEqual([caRecordKey(nameOf('ca'))]);
    const record = world.authority.json(caRecordKey(nameOf('ca'))) as Record<string, string>;
    const der = new X509Certificate(cas.ca?.certificate ?? '').raw;
    expect(record).toMatchObject({ origin: 'subordinate', chain: cas.ca?.chain });
    expect(
      Buffer.from(record.proof ?? '', 'base64')
        .toString('latin1')
        .split('\0'),
    ).toEqual([
      'cakeless key proof',
      'prod/ca/1',
      createHash('sha256').update(der).digest('hex'),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
  });

  it('returns what is unusual', async () => {
    const world = opened();
    const notAfter = new Date(NOW.getTime() + 400 * 86_400_000);
    const cas = await world.issue(['ca'], corporate, { notAfter });
    expect((await world.importing(cas)).warnings).toEqual([
      { ca: 'ca', level: 'accepts', text: expect.stringMatching(/^expires at .* in 400 days$/) },
    ]);
  });

  it('again changes nothing, and restores a chain and a bundle that are missing', async () => {
    const world = opened();
    const cas = await world.issue();
    const first = await world.importing(cas);
    const signed = world.keys.signed.length;
    const keys = [bundleKey(TRUST_DOMAIN, 'ca'), chainKey(TRUST_DOMAIN, 'etcd-ca')];
    const texts = keys.map((key) => world.exchange.text(key));
    for (const key of keys) world.exchange.objects.delete(key);
    expect(await world.importing(cas)).toEqual({ ...first, created: false, added: [] });
    expect(keys.map((key) => world.exchange.text(key))).toEqual(texts);
    expect(world.keys.signed).toHaveLength(signed);
  });

  it('can be done for one CA after another, beside CAs that are made', async () => {
    const world = opened();
    await world.importing(await world.issue(['ca']));
    await world.create({ cas: ['kubelet-ca'] });
    const { document, added } = await world.importing(await world.issue(['front-proxy-ca']));
    expect(added).toEqual(['front-proxy-ca']);
    expect(CA_NAMES.map((ca) => document.cas[ca]?.versions[0]?.origin)).toEqual([
      'subordinate',
      undefined,
      'subordinate',
      'made',
    ]);
    expect(world.exchange.text(chainKey(TRUST_DOMAIN, 'kubelet-ca'))).toBeUndefined();
  });

  it('that race have one result', async () => {
    const world = opened();
    const cas = await world.issue();
    const results = await Promise.all(Array.from({ length: 4 }, () => world.importing(cas)));
    for (const { document } of results) expect(document).toEqual(results[0]?.document);
    expect(results.filter(({ created }) => created)).toHaveLength(1);
  });

  it('of which two differ has one winner, and the other says so', async () => {
    const world = opened();
    const [one, other] = [await world.issue(['ca']), await world.issue(['ca'], strangers)];
    const results = await Promise.allSettled([world.importing(one), world.importing(other)]);
    const lost = results.filter((result) => result.status === 'rejected');
    expect(lost.map(({ reason }) => reason.code)).toEqual(['request-malformed']);
  });
});

describe('the import refuses, before any object is written,', () => {
  const objects = ({ authority, exchange }: Opened) => [
    ...authority.objects.keys(),
    ...exchange.objects.keys(),
  ];

  async function refused(world: Opened, cas: CasToImport, text: RegExp): Promise<void> {
    const [before, signed] = [objects(world), world.keys.signed.length];
    await expect(world.importing(cas)).rejects.toMatchObject({
      code: 'request-malformed',
      message: expect.stringMatching(text),
    });
    expect(objects(world)).toEqual(before);
    expect(world.keys.signed).toHaveLength(signed);
  }

  it('everything that is wrong with all certificates at once', async () => {
    const world = opened();
    const keys = newEcKeys();
    const wrong = corporate.certify(spkiOf(keys), 'kubernetes', NOW, {
      extensions: extensionsBelow(keys, corporate.issuingKeys, {
        without: ['2.5.29.15'],
        more: [keyUsage(0)],
      }),
    });
    const cas = await world.issue(['ca', 'etcd-ca']);
    const chain = certificateToPem(corporate.issuing);
    await refused(
      world,
      {
        ca: { certificate: certificateToPem(wrong), chain: corporate.chainPem },
        'etcd-ca': { certificate: cas['etcd-ca']?.certificate ?? '', chain },
        'front-proxy-ca': { certificate: 'nothing', chain },
      },
      /^ca: the certificate has a public key that is not that of the CA.*; ca: the certificate has a keyUsage without keyCertSign: ask for .*; etcd-ca: the certificate has a chain that ends with .*; front-proxy-ca: it has no KMS key yet: request a certificate for it first; front-proxy-ca: the certificate is not one certificate in PEM$/,
    );
  });

  it('the certificate of another CA of the trust domain', async () => {
    const world = opened();
    const { ca } = await world.issue(['ca', 'etcd-ca']);
    if (!ca) throw new Error('no ca');
    await refused(
      world,
      { ca, 'etcd-ca': ca },
      /^etcd-ca: the certificate has a public key that is not that of the CA/,
    );
    const { keyId = '' } = (await world.request()).cas.ca ?? {};
    const keys = createPublicKey(world.keys.privateKeyOf(keyId));
    const spki = keys.export({ type: 'spki', format: 'der' });
    const shared = {
      certificate: certificateToPem(corporate.certify(spki, 'etcd-ca', NOW)),
      chain: corporate.chainPem,
      keyId,
    };
    await refused(
      world,
      { ca, 'etcd-ca': shared },
      /^etcd-ca: the certificate has the same key as that of ca: each CA needs its own$/,
    );
    await world.importing({ ca });
    await refused(world, { 'etcd-ca': shared }, /is already the key of ca of trust domain prod/);
  });

  it('a certificate for a CA of a trust domain that has no ca', async () => {
    const world = opened();
    await refused(
      world,
      await world.issue(['etcd-ca']),
      /must have ca: import the certificate of ca first$/,
    );
  });

  it.each(['made', 'adopted'] as const)('a certificate for a CA that was %s', async (origin) => {
    const world = opened();
    if (origin === 'made') await world.create({ cas: ['ca'] });
    else {
      const existing = readAdoptedSet('kubeadm-1.35.4-p256');
      await importAll(world.service, world.keys, TRUST_DOMAIN, existing, ['ca']);
      const cas = toAdopt(existing, ['ca']);
      const request = { action: 'adopt', trustDomain: TRUST_DOMAIN, cas } as const;
      await adoptCas(world.service, world.keys, request);
    }
    const known = world.authority.json(trustDomainKey(TRUST_DOMAIN)) as {
      cas: { ca: { versions: { certificate: string }[] } };
    };
    const spki = createPublicKey(known.cas.ca.versions[0]?.certificate ?? '').export({
      type: 'spki',
      format: 'der',
    });
    const certificate = certificateToPem(corporate.certify(spki, 'kubernetes', NOW));
    await refused(
      world,
      { ca: { certificate, chain: corporate.chainPem } },
      /\bca: trust domain prod already has it/,
    );
  });

  it('a certificate for a CA that is being created', async () => {
    const world = opened();
    const cas = await world.issue(['ca']);
    const other = opened();
    other.keys.interrupt = killed;
    await expect(other.create({ cas: ['ca'] })).rejects.toThrow('killed');
    const key = caRecordKey(nameOf('ca'));
    world.authority.seed(key, other.authority.text(key) ?? '');
    await refused(world, cas, /^ca: it is being created, adopted or imported with another/);
  });
});

it('a proof in a record that somebody else wrote is not signed', async () => {
  const world = opened();
  const cas = await world.issue(['ca']);
  world.keys.interrupt = killed;
  await expect(world.importing(cas)).rejects.toThrow('killed');
  world.keys.interrupt = () => {};
  const key = caRecordKey(nameOf('ca'));
  const record = world.authority.json(key) as Record<string, string>;
  const proof = Buffer.from('0\x82').toString('base64');
  world.authority.seed(key, JSON.stringify({ ...record, proof }));
  const signed = world.keys.signed.length;
  await expect(world.importing(cas)).rejects.toMatchObject({ code: 'document-malformed' });
  expect(world.keys.signed).toHaveLength(signed);
});
