import { X509Certificate } from 'node:crypto';
import { newCreateCaHandler } from '../../functions/create-ca-handler.ts';
import { ADOPTABLE_CAS } from '../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { parseTrustDomainRules } from '../../lib/trust-domain-rules.ts';
import { AFTER_ADOPTION, readAdoptedSet, toAdopt } from '../support/adopted-cas.ts';
import { CorporateRoot } from '../support/corporate-root.ts';
import { START } from '../support/in-memory-service.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { GATE } from '../support/real-gate.ts';
import { lambdaContext, withReporter } from '../support/running-service-lambda.ts';
import { SoftKeys } from '../support/soft-keys.ts';

function opened(now = START) {
  const keys = new SoftKeys();
  const stores = { exchange: new MemoryStore(), authority: new MemoryStore() };
  const service = {
    ...stores,
    keys,
    rules: parseTrustDomainRules(undefined),
    now: () => now,
    randomBytes: (n: number) => new Uint8Array(n).fill(7),
  };
  const call = (event: unknown) =>
    withReporter(
      (reporter) => newCreateCaHandler(service, keys, GATE, reporter)(event, lambdaContext),
      'create-ca',
    );
  return { ...stores, keys, call };
}

it('creates all CAs and returns public data about each', async () => {
  const { call, keys, exchange, authority } = opened();
  const { result, lines } = await call({ trustDomain: 'fleet' });
  expect(result).toMatchObject({ trustDomain: 'fleet', created: true });
  expect(Object.keys(result.cas)).toEqual(['ca', 'etcd-ca', 'front-proxy-ca', 'kubelet-ca']);
  expect(result.cas.ca).toEqual({
    keyId: expect.stringMatching(/^arn:/),
    origin: 'made',
    keySpec: 'ECC_NIST_P256',
    subject: 'CN=kubernetes',
    sha256: expect.stringMatching(/^([0-9A-F]{2}:){31}/),
    notAfter: '2036-11-21T12:00:00.000Z',
  });
  expect(keys.signed).toHaveLength(4);
  for (const record of keys.records) expect(authority.json(record)).toHaveProperty('tbs');
  expect([...exchange.objects.keys()]).toHaveLength(4);
  expect(lines).toMatchObject([{ message: 'created', trustDomain: 'fleet' }]);
});

it('a second call changes nothing and says so', async () => {
  const { call, keys } = opened();
  const first = await call({ trustDomain: 'fleet' });
  const second = await call({ trustDomain: 'fleet', keySpec: 'ECC_NIST_P256' });
  expect(second.result).toEqual({ ...first.result, created: false, added: [] });
  expect(second.lines).toMatchObject([{ message: 'exists' }]);
  expect(keys.signed).toHaveLength(4);
});

it('refuses, and does not change, a trust domain that exists with other keys', async () => {
  const { call, keys } = opened();
  await call({ trustDomain: 'fleet' });
  await expect(call({ trustDomain: 'fleet', keySpec: 'RSA_4096' })).rejects.toThrow('exists');
  expect(keys.signed).toHaveLength(4);
});

it('one key is never used for two CAs', async () => {
  const { call, keys, authority } = opened();
  const { keyId } = await keys.ensure(
    { trustDomain: 'mine', ca: 'ca', version: 1 },
    'ECC_NIST_P256',
  );
  const shared = call({ trustDomain: 'fleet', keys: { ca: keyId, 'etcd-ca': keyId } });
  await expect(shared).rejects.toThrow(keyId);
  expect(authority.objects.size).toBe(0);
});

it.each([
  [{}, 'trustDomain'],
  [{ trustDomain: 'Not_A_Name' }, 'trustDomain'],
  [{ trustDomain: 'a/b' }, 'trustDomain'],
  [{ trustDomain: 'x'.repeat(121) }, 'trustDomain'],
  [{ trustDomain: 'fleet', keySpec: 'ECC_SECG_P256K1' }, 'keySpec'],
  [{ trustDomain: 'fleet', validityDays: 0 }, 'validityDays'],
  [{ trustDomain: 'fleet', validityDays: null }, 'validityDays'],
  [{ trustDomain: 'fleet', validityDays: 1.5 }, 'validityDays'],
  [{ trustDomain: 'fleet', keys: { ca: 1 } }, 'keys.ca'],
  [{ trustDomain: 'fleet', keys: { 'other-ca': 'arn' } }, 'keys'],
  [{ trustDomain: 'fleet', cas: [] }, 'cas'],
  [{ trustDomain: 'fleet', cas: ['sa'] }, 'cas'],
  [{ trustDomain: 'fleet', cas: 'ca' }, 'cas'],
  [{ trustDomain: 'fleet', cas: ['kubelet-ca'] }, 'must have ca'],
  [{ trustDomain: 'fleet', days: 3 }, 'days'],
  [{ trustDomain: 'fleet', action: 'delete' }, 'action'],
  [{ action: 'adopt', cas: { ca: { certificate: '' } } }, 'trustDomain'],
  [{ action: 'adopt', trustDomain: 'fleet' }, 'cas'],
  [{ action: 'adopt', trustDomain: 'fleet', cas: {} }, 'cas'],
  [{ action: 'adopt', trustDomain: 'fleet', cas: { ca: {} } }, 'cas.ca.certificate'],
  [
    { action: 'adopt', trustDomain: 'fleet', cas: { ca: { certificate: 'x', key: 'y' } } },
    'cas.ca',
  ],
  [{ action: 'adopt', trustDomain: 'fleet', cas: { 'kubelet-ca': { certificate: 'x' } } }, 'cas'],
  [
    {
      action: 'prepare-adoption',
      trustDomain: 'fleet',
      cas: { ca: { certificate: 'x'.repeat(65537) } },
    },
    'cas.ca.certificate',
  ],
  [
    { action: 'prepare-adoption', trustDomain: 'fleet', cas: { ca: { certificate: 'x' } } },
    'is not one certificate in PEM',
  ],
  [{ action: 'request-certificate', trustDomain: 'fleet' }, 'cas'],
  [{ action: 'request-certificate', trustDomain: 'fleet', cas: {} }, 'cas'],
  [{ action: 'request-certificate', trustDomain: 'fleet', cas: { sa: {} } }, 'cas'],
  ...['', ' x', 'x'.repeat(65), 'a\nb', 'a\u202eb'].map((commonName): [object, string] => [
    { action: 'request-certificate', trustDomain: 'fleet', cas: { ca: { commonName } } },
    'cas.ca.commonName',
  ]),
  [
    { action: 'request-certificate', trustDomain: 'fleet', cas: { ca: {} }, keySpec: 'ED25519' },
    'keySpec',
  ],
  [
    { action: 'import-certificate', trustDomain: 'fleet', cas: { ca: { certificate: 'x' } } },
    'cas.ca.chain',
  ],
  [
    {
      action: 'import-certificate',
      trustDomain: 'fleet',
      cas: { ca: { certificate: 'x', chain: 'x'.repeat(65537) } },
    },
    'cas.ca.chain',
  ],
  [
    {
      action: 'import-certificate',
      trustDomain: 'fleet',
      cas: { ca: { certificate: 'x', chain: 'x' } },
    },
    'ca: it has no KMS key yet: request a certificate for it first; ca: the certificate is not one certificate in PEM',
  ],
  ...[
    [{ action: 'plan-rotation' }, 'phase'],
    [{ action: 'plan-rotation', phase: 'issue' }, 'phase'],
    [{ action: 'plan-rotation', phase: 'trust', ca: 'sa' }, 'ca'],
    [{ action: 'plan-rotation', phase: 'trust', validityDays: 0 }, 'validityDays'],
    [{ action: 'rotate' }, 'to'],
    [{ action: 'rotate', to: 'rest' }, 'to'],
    [{ action: 'rotate', to: 'trust', waivers: [{ subject: 'a' }] }, 'waivers[0].reason'],
    [
      { action: 'rotate', to: 'trust', waivers: [{ subject: 'a\nb', reason: 'x' }] },
      'waivers[0].subject',
    ],
    [
      { action: 'rotate', to: 'trust', waivers: Array(201).fill({ subject: 'a', reason: 'b' }) },
      'waivers',
    ],
    [{ action: 'rotate', to: 'trust', compromised: 'yes' }, 'compromised'],
    [{ action: 'rotate', to: 'trust' }, 'trust domain fleet does not exist'],
    [{ action: 'declare-compromised' }, 'trust domain fleet does not exist'],
  ].map(([more, field]): [object, string] => [
    { trustDomain: 'fleet', ca: 'ca', ...(more as object) },
    field as string,
  ]),
  [{ action: 'rotation', trustDomain: 'fleet', ca: 'ca' }, 'ca'],
  [{ action: 'rotation', trustDomain: 'fleet' }, 'trust domain fleet does not exist'],
])('refuses %j and names the field', async (event, field) => {
  const { call, authority } = opened();
  await expect(call(event)).rejects.toThrow(field);
  expect(authority.objects.size).toBe(0);
});

it('names all invalid fields at once', async () => {
  const { call } = opened();
  await expect(call({ trustDomain: '', keySpec: 'x', validityDays: -1 })).rejects.toThrow(
    /trustDomain.*keySpec.*validityDays/,
  );
});

it.each(['before the import', 'after it'])(
  'creates no CA with a key that is for an import: %s',
  async (when) => {
    const { call, keys, authority } = opened(AFTER_ADOPTION);
    const name = { trustDomain: 'fleet', ca: 'ca', version: 1 } as const;
    const { keyId } = await keys.ensureImportable(name, 'ECC_NIST_P256');
    const { privateKey } = readAdoptedSet('kubeadm-1.35.4-p256').ca;
    if (when === 'after it') keys.import(keyId, privateKey);
    await expect(call({ trustDomain: 'fleet' })).rejects.toMatchObject({
      name: 'RequestMalformed',
      message: expect.stringContaining('for an imported private key'),
    });
    expect([...authority.objects.keys()]).toEqual([]);
  },
);

it('prepares and adopts the CAs of an existing cluster, and returns where they are from', async () => {
  const { call, keys, authority } = opened(AFTER_ADOPTION);
  const existing = readAdoptedSet('kubeadm-1.35.4-p256');
  const request = { trustDomain: 'fleet', cas: toAdopt(existing) };
  const prepared = await call({ ...request, action: 'prepare-adoption' });
  expect(prepared.result).toMatchObject({ cas: { ca: { state: 'pending-import' } } });
  expect(authority.objects.size).toBe(0);
  await expect(call({ ...request, action: 'adopt' })).rejects.toMatchObject({
    name: 'RequestMalformed',
    message: expect.stringContaining('ca: the key is not imported yet'),
  });
  for (const ca of ADOPTABLE_CAS) {
    const { keyId } = await keys.ensureImportable(
      { trustDomain: 'fleet', ca, version: 1 },
      'ECC_NIST_P256',
    );
    keys.import(keyId, existing[ca].privateKey);
  }
  const { result, lines } = await call({ ...request, action: 'adopt' });
  expect(result).toMatchObject({ created: true, added: [...ADOPTABLE_CAS] });
  expect(result.cas['etcd-ca']).toEqual({
    origin: 'adopted',
    keyId: expect.stringMatching(/^arn:/),
    keySpec: 'ECC_NIST_P256',
    subject: 'CN=etcd-ca',
    sha256: existing['etcd-ca'].x509.fingerprint256,
    notAfter: new Date(existing['etcd-ca'].x509.validTo).toISOString(),
  });
  expect(lines).toMatchObject([{ message: 'adopted' }]);
});

it('returns CSRs, takes what was issued for them, and says which root is above', async () => {
  const { call, keys, exchange } = opened(AFTER_ADOPTION);
  const corporate = new CorporateRoot();
  const request = { action: 'request-certificate', trustDomain: 'fleet', cas: { ca: {} } };
  const requested = await call(request);
  expect(requested.lines).toMatchObject([{ message: 'requested certificates' }]);
  expect(requested.result).toEqual({
    trustDomain: 'fleet',
    cas: {
      ca: {
        keyId: expect.stringMatching(/^arn:/),
        keySpec: 'ECC_NIST_P256',
        csr: expect.stringMatching(/^-----BEGIN CERTIFICATE REQUEST-----\n/),
      },
    },
  });
  expect((await call(request)).result).toEqual(requested.result);
  const { publicKey } = await keys.findMade(requested.result.cas.ca.keyId);
  const notAfter = new Date(AFTER_ADOPTION.getTime() + 100 * 86_400_000);
  const issued = corporate.certify(publicKey, 'kubernetes', AFTER_ADOPTION, { notAfter });
  const cas = { ca: { certificate: certificateToPem(issued), chain: corporate.chainPem } };
  const { result, lines } = await call({ action: 'import-certificate', trustDomain: 'fleet', cas });
  const fingerprint = (der: Uint8Array) => new X509Certificate(der).fingerprint256;
  expect(result).toEqual({
    trustDomain: 'fleet',
    created: true,
    added: ['ca'],
    cas: {
      ca: {
        origin: 'subordinate',
        keyId: requested.result.cas.ca.keyId,
        keySpec: 'ECC_NIST_P256',
        subject: 'CN=kubernetes',
        sha256: fingerprint(issued),
        rootSha256: fingerprint(corporate.root),
        notAfter: notAfter.toISOString(),
      },
    },
    warnings: [{ ca: 'ca', level: 'accepts', text: expect.stringContaining('in 100 days') }],
    renewed: [],
  });
  expect(lines).toMatchObject([{ message: 'imported' }]);
  expect([...exchange.objects.keys()]).toEqual(['trust/fleet/ca.crt', 'trust/fleet/ca-chain.crt']);
  const again = await call({ action: 'import-certificate', trustDomain: 'fleet', cas });
  expect(again.result).toEqual({ ...result, created: false, added: [] });
  expect(again.lines).toMatchObject([{ message: 'exists' }]);

  expect((await call(request)).result.cas.ca).toEqual({
    ...requested.result.cas.ca,
    renews: { version: 1, notAfter: notAfter.toISOString(), sha256: fingerprint(issued) },
  });
  const later = corporate.certify(publicKey, 'kubernetes', AFTER_ADOPTION);
  const next = { ca: { certificate: certificateToPem(later), chain: corporate.chainPem } };
  const renewal = { action: 'import-certificate', trustDomain: 'fleet', cas: next };
  const preview = await call({ ...renewal, dryRun: true });
  const change = { ca: 'ca', version: 1, after: { sha256: fingerprint(later) } };
  expect(preview.result).toMatchObject({ adds: [], renewed: [{ ...change, renewals: 1 }] });
  const renewed = await call(renewal);
  expect(renewed.result).toMatchObject({ renewed: [{ ...change, changed: true, renewals: 1 }] });
  expect(renewed.lines).toMatchObject([{ message: 'renewed CA certificates' }, {}]);
  expect([...exchange.objects.keys()]).toContain('trust/fleet/renewals.json');
});

it('a rotation is planned, approved and started, and its status says what comes next', async () => {
  const { call, authority, exchange } = opened();
  await call({ trustDomain: 'fleet' });
  const asked = { trustDomain: 'fleet', ca: 'front-proxy-ca' };
  const planned = await call({ ...asked, action: 'plan-rotation', phase: 'trust' });
  const { digest } = planned.result as unknown as { digest: string };
  const approval = { ...asked, phase: 'trust', planDigest: digest, decision: 'approve' };
  authority.seed(
    `approvals/rotations/fleet/${digest}/AROAEXAMPLE:alice.json`,
    JSON.stringify({ ...approval, reason: 'yearly', decidedAt: '2026-11-24T12:00:00Z' }),
  );
  const { result, lines } = await call({ ...asked, action: 'rotate', to: 'trust' });
  expect(result).toMatchObject({ changed: true, phase: 'trust', sequence: 1, missing: [] });
  expect(lines).toMatchObject([{ message: 'rotate', answer: { phase: 'trust' } }]);
  expect(exchange.json('trust/fleet/rotation.json')).toMatchObject({
    sequence: 1,
    rotation: { ca: 'front-proxy-ca', phase: 'trust' },
  });
  const status = await call({ trustDomain: 'fleet', action: 'rotation' });
  expect(status.result).toMatchObject({ phase: 'trust', rotation: { next: 'issue' } });
});

describe('renew-ca', () => {
  const request = { action: 'renew-ca', trustDomain: 'fleet', ca: 'ca' };

  it('renews a certificate with the same key, and logs it', async () => {
    const made = opened();
    await made.call({ trustDomain: 'fleet', validityDays: 100 });
    const { result, lines } = await made.call(request);
    expect(result).toMatchObject({
      ...{ trustDomain: 'fleet', ca: 'ca', version: 1, renewals: 1, changed: true },
      after: { notAfter: '2036-11-21T12:00:00.000Z' },
    });
    expect(lines).toMatchObject([{ message: 'renewed a CA certificate', changed: true }]);
    const again = await made.call(request);
    expect(again.lines).toMatchObject([{ message: 'nothing was renewed', changed: false }]);
  });

  it.each([
    [{ ca: undefined }, 'ca'],
    [{ ca: 'root' }, 'ca'],
    [{ validityDays: 0 }, 'validityDays'],
    [{ validityDays: 36501 }, 'validityDays'],
    [{ again: true }, 'again'],
  ])('%j is refused', async (more, named) => {
    await expect(opened().call({ ...request, ...more })).rejects.toMatchObject({
      name: 'RequestMalformed',
      message: expect.stringContaining(named),
    });
  });
});
