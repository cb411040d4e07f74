/** `trust-domain adopt` in one process: what it refuses, what it writes, and that it can be interrupted at any call. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arn, expectAdopted, POINTS, world } from './adopt.ts';
import { newKey, newRsaKey, openssl, Pki } from './pki.ts';
import { shown } from './world.ts';

it('imports every key, and adopts the CAs with the certificates that the nodes have', async () => {
  const run = await world.adopt();
  expect(run.error).toBeUndefined();
  expect(run.exitCode).toBe(0);
  expectAdopted();
  expect(run.said.split('\n')).toEqual([
    'preparing the adoption of ca, etcd-ca, front-proxy-ca as trust domain prod ...',
    `importing the key of ca into ${arn('ca')} ...`,
    `importing the key of etcd-ca into ${arn('etcd-ca')} ...`,
    `importing the key of front-proxy-ca into ${arn('front-proxy-ca')} ...`,
    'adopting ca, etcd-ca, front-proxy-ca ...',
    'adopted the CAs of trust domain prod',
    expect.stringMatching(/^the importer no longer needs its rights; .*cakeless release-keys/),
  ]);
  expect(run.printed).toMatch(/^ca +CN=kubernetes +adopted +ECC_NIST_P256/m);
});

it('prints the trust domain as JSON', async () => {
  const { printed } = await world.adopt('-o', 'json');
  expect(JSON.parse(printed)).toMatchObject({
    trustDomain: 'prod',
    created: true,
    cas: { 'etcd-ca': { origin: 'adopted', keyId: arn('etcd-ca') } },
  });
});

it('adopts RSA keys as kubeadm writes them', async () => {
  const key = openssl(['rsa', '-traditional'], newRsaKey()).toString();
  world.pki.setCa('ca', key);
  expect((await world.adopt('--ca', 'ca')).error).toBeUndefined();
  expect(world.kms.keys.get(arn('ca'))?.keySpec).toBe('RSA_2048');
});

it('run again, changes nothing, even if the keys are no longer on the node', async () => {
  await world.adopt();
  const before = world.written();
  const signed = world.kms.signed.length;
  world.pki.remove('ca.key', 'etcd/ca.key', 'front-proxy-ca.key');
  const again = await world.adopt();
  expect(again.error).toBeUndefined();
  expect(again.said).not.toContain('importing');
  expect(world.written()).toEqual(before);
  expect([world.kms.signed.length, world.kms.received.length]).toEqual([signed, 3]);
});

it('leaves out the CA of an external etcd', async () => {
  world.pki.remove('etcd/ca.crt', 'etcd/ca.key');
  expect((await world.adopt()).error).toBeUndefined();
  const { cas } = world.authority.json('trust/prod.json') as { cas: object };
  expect(Object.keys(cas)).toEqual(['ca', 'front-proxy-ca']);
});

it('adopts the other CAs later', async () => {
  await world.adopt('--ca', 'ca');
  const run = await world.adopt('--ca', 'etcd-ca', '--ca', 'front-proxy-ca');
  expect(run.error).toBeUndefined();
  expectAdopted();
});

it('with --dry-run, calls nothing and shows what would be adopted', async () => {
  const run = await world.adopt('--dry-run');
  expect(run.exitCode).toBe(0);
  expect(run.said).toBe('would adopt ca, etcd-ca, front-proxy-ca as trust domain prod (dry run)');
  expect(run.printed).toMatch(/these CAs can be adopted from this node$/);
  world.pki.remove('ca.key');
  expect((await world.adopt('--dry-run')).exitCode).toBe(7);
  expect([world.requests, world.written()]).toEqual([[], []]);
});

const other = newKey();

describe('refuses, before anything is called,', () => {
  it.each<[string, (pki: Pki) => void, string]>([
    [
      'a key that is not that of the certificate',
      (pki) => pki.write('ca.key', other),
      'ca.key: is not the private key of the certificate next to it',
    ],
    [
      'an encrypted key',
      (pki) => pki.write('ca.key', openssl(['pkey', '-aes256', '-passout', 'pass:secret'], other)),
      'ca.key: is encrypted',
    ],
    [
      'a bundle of two certificates',
      (pki) =>
        pki.write(
          'ca.crt',
          `${readFileSync(pki.file('ca.crt'))}${readFileSync(pki.file('etcd/ca.crt'))}`,
        ),
      'ca.crt: it has 2 certificates',
    ],
    [
      'two CAs that share a key',
      (pki) => {
        pki.setCa('ca', other);
        pki.setCa('etcd-ca', other);
      },
      'ca and etcd-ca have the same key',
    ],
    [
      'a certificate that the service could not use',
      (pki) => pki.setCa('front-proxy-ca', other, { days: 3 }),
      'front-proxy-ca.crt: expires at',
    ],
    ['a missing certificate', (pki) => pki.remove('ca.crt'), 'ca.crt: does not exist'],
  ])('%s', async (_, change, reason) => {
    change(world.pki);
    const run = await world.adopt();
    expect(run.error).toMatchObject({ code: 'check-failed' });
    expect(shown(run)).toContain('these CAs cannot be adopted, and nothing was changed:');
    expect(shown(run)).toContain(reason);
    expect([world.requests, world.written(), world.kms.received]).toEqual([[], [], []]);
  });

  it('all of them at once', async () => {
    world.pki.write('ca.key', 'none');
    world.pki.write('etcd/ca.key', other);
    const text = shown(await world.adopt());
    expect(text).toContain('ca.key: has no private key');
    expect(text).toContain('etcd/ca.key: is not the private key');
  });
});

it('refuses a missing key that was not imported, before it imports another', async () => {
  world.pki.remove('front-proxy-ca.key');
  const run = await world.adopt();
  expect(run.error).toMatchObject({ code: 'check-failed' });
  expect(shown(run)).toMatch(
    /front-proxy-ca\.key: does not exist, and the key of front-proxy-ca has not/,
  );
  expect(world.kms.received).toEqual([]);
});

it('does not adopt a CA into whose KMS key another key was imported', async () => {
  const stranger = new Pki();
  stranger.setCa('ca', other);
  await world.kms.ensureImportable({ trustDomain: 'prod', ca: 'ca', version: 1 }, 'ECC_NIST_P256');
  const kmsKey = world.kms.keys.get(arn('ca'));
  if (kmsKey) kmsKey.privateKey = createPrivateKey(other);
  const run = await world.adopt();
  expect(run.error).toMatchObject({ code: 'request-malformed' });
  expect(shown(run)).toContain('does not have the key of the certificate');
  expect([world.written(), world.kms.signed]).toEqual([[], []]);
  stranger.dispose();
});

it('does not adopt a CA whose KMS key is for another kind of key', async () => {
  await world.kms.ensureImportable({ trustDomain: 'prod', ca: 'ca', version: 1 }, 'RSA_4096');
  const run = await world.adopt();
  expect(run.error).toBeDefined();
  expect(shown(run)).toContain('RSA_4096');
  expect([world.written(), world.kms.received]).toEqual([[], []]);
});

it('uses the KMS keys that are named', async () => {
  for (const ca of ['ca', 'etcd-ca', 'front-proxy-ca'])
    world.kms.keys.set(`arn:own/${ca}`, { keySpec: 'ECC_NIST_P256' });
  const run = await world.adopt(
    ...['--key-ca', 'arn:own/ca', '--key-etcd-ca', 'arn:own/etcd-ca'],
    ...['--key-front-proxy-ca', 'arn:own/front-proxy-ca'],
  );
  expect(run.error).toBeUndefined();
  expect([...world.kms.keys.keys()]).toEqual([
    'arn:own/ca',
    'arn:own/etcd-ca',
    'arn:own/front-proxy-ca',
  ]);
});

it('refuses one KMS key for two CAs, before it imports', async () => {
  world.kms.keys.set('arn:own/ca', { keySpec: 'ECC_NIST_P256' });
  const run = await world.adopt('--key-ca', 'arn:own/ca', '--key-etcd-ca', 'arn:own/ca');
  expect(shown(run)).toContain('ca and etcd-ca have the same KMS key');
  expect([world.written(), world.kms.received]).toEqual([[], []]);
});

it('a wrapping key that someone swapped gets the key refused by KMS, and nothing is adopted', async () => {
  world.kms.swapped = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const run = await world.adopt();
  expect(run.error).toMatchObject({
    code: 'check-failed',
    message: expect.stringMatching(/^ca: KMS does not take its key, .*InvalidCiphertextException$/),
    hint: expect.stringContaining('may have replaced the wrapping key, and then has the CA key'),
  });
  expect(world.written()).toEqual([]);
});

type Response = { cas: Record<string, Record<string, unknown>> };

it.each<[string, (cas: Response['cas']) => void, string]>([
  ['does not have the CA', (cas) => delete cas['etcd-ca'], 'etcd-ca'],
  [
    'has another certificate',
    (cas) => Object.assign(cas.ca ?? {}, { sha256: 'AA:BB' }),
    'the certificate of ca is AA:BB',
  ],
  ['has another key', (cas) => Object.assign(cas.ca ?? {}, { keyId: 'arn:other' }), 'arn:other'],
  ['was made', (cas) => Object.assign(cas.ca ?? {}, { origin: 'made' }), 'ca is made'],
])('says so if the trust domain %s after the adoption', async (_, change, reason) => {
  world.tamper = (response) => {
    const { cas } = response as Response;
    if (cas.ca?.origin !== undefined) change(cas);
    return response;
  };
  const run = await world.adopt();
  expect(run.error).toMatchObject({ code: 'check-failed' });
  expect(shown(run)).toContain('unexpected response');
  expect(shown(run)).toContain(reason);
});

it.each([
  ['undefined', undefined],
  ['a response of another release', { trustDomain: 'prod' }],
  ['no key for a CA', { trustDomain: 'prod', cas: {}, findings: [] }],
])('imports nothing if the function returns %s', async (_, response) => {
  world.tamper = () => response;
  const run = await world.adopt();
  expect(shown(run)).toContain('unexpected response');
  expect(world.kms.received).toEqual([]);
});

it('makes these calls, and no others', async () => {
  const points: string[] = [];
  world.interrupt = (point) => void points.push(point);
  await world.adopt();
  expect(points).toEqual(POINTS);
});
