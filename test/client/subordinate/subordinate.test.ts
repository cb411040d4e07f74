/** `cakeless trust-domain csr` and `import-certificate`, up to the objects that nodes read. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { CA_EXTENSIONS, type SignedCaOptions } from '../../support/corporate-pki.ts';
import { shown } from '../adoption/world.ts';
import { corporatePki, World } from './world.ts';

const pki = corporatePki();
let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

const published = (path: string) => world.exchange.text(`trust/prod/${path}`);

/** A certificate that the corporate CA has issued for the CSR of `ca`. */
const issue = async (options?: SignedCaOptions) => pki.signCa(await world.csr('ca'), options);

it('csr prints PEM only, and the same again', async () => {
  const first = await world.run('csr', 'prod', '--ca', 'ca');
  expect(first.printed).toMatch(
    /^-----BEGIN CERTIFICATE REQUEST-----\n[^-]+-----END [A-Z ]+-----$/,
  );
  expect(first.said).toMatch(/ca: its public key has the hash sha256:[0-9a-f]{64}/);
  expect((await world.run('csr', 'prod', '--ca', 'ca')).printed).toBe(first.printed);
  expect(world.exchange.objects.size).toBe(0);
});

it('csr writes a file for each CA, and lists them', async () => {
  const out = join(world.folder, 'csrs');
  const { printed } = await world.run('csr', 'prod', '--out', out, '-o', 'json');
  const { cas } = JSON.parse(printed);
  expect(cas.map(({ ca }: { ca: string }) => ca)).toEqual(CA_NAMES);
  for (const { ca, csr, file } of cas) {
    expect(file).toBe(join(out, `${ca}.csr`));
    expect(readFileSync(file, 'utf8')).toBe(csr);
  }
  expect(cas[0].subject).toBe('CN=kubernetes');
});

it.each([
  [['--common-name', 'x'], /are for one CA/],
  [['--key', 'alias/x'], /are for one CA/],
])('csr refuses %j for several CAs', async (args, problem) => {
  expect(shown(await world.run('csr', 'prod', ...args))).toMatch(problem);
  expect(world.actions).toEqual([]);
});

it('csr takes another common name', async () => {
  const args = ['csr', 'prod', '--ca', 'ca', '--common-name', 'prod Kubernetes', '-o', 'json'];
  const { printed } = await world.run(...args);
  expect(JSON.parse(printed).cas[0].subject).toBe('CN=prod Kubernetes');
});

it('csr refuses a response without the CSR', async () => {
  world.tamper = () => ({ trustDomain: 'prod', cas: {} });
  expect(shown(await world.run('csr', 'prod', '--ca', 'ca'))).toMatch(/it has no CSR of ca/);
});

it('import-certificate publishes the CA alone, and the chain in another file', async () => {
  const certificate = await issue();
  const run = await world.import(certificate, pki.chain, '-o', 'json');
  expect(run.error).toBeUndefined();
  expect(JSON.parse(run.printed).cas.ca).toMatchObject({
    origin: 'subordinate',
    sha256: new X509Certificate(certificate).fingerprint256,
  });
  const raw = (pem = '') => certificatesIn(pem).map((one) => new X509Certificate(one).raw);
  expect(raw(published('ca.crt'))).toEqual(raw(certificate));
  expect(raw(published('ca-chain.crt'))).toEqual(raw(certificate + pki.chain));
  const show = JSON.parse((await world.run('show', 'prod', '-o', 'json')).printed);
  expect(show.caCertHashes).toEqual([
    expect.stringMatching(/^sha256:/),
    expect.stringMatching(/^root=sha256:/),
  ]);
});

it('says which CAs are missing, with the next commands, until none is', async () => {
  const run = await world.import(await issue(), pki.chain);
  expect(run.printed.split('\n').slice(-5)).toEqual([
    'not in the trust domain yet: etcd-ca (not needed with an external etcd), front-proxy-ca, kubelet-ca (optional)',
    'for each that a corporate CA certifies:',
    'cakeless trust-domain import-certificate prod --ca NAME --certificate FILE --chain FILE',
    'for the others, which get a self-signed certificate:',
    'cakeless trust-domain create prod --ca etcd-ca --ca front-proxy-ca --ca kubelet-ca',
  ]);
  const others = ['etcd-ca', 'front-proxy-ca', 'kubelet-ca'].flatMap((ca) => ['--ca', ca]);
  expect((await world.run('create', 'prod', ...others)).error).toBeUndefined();
  const again = ['--ca', 'ca', '--certificate', join(world.folder, 'certificate.pem')];
  const chain = ['--chain', world.write('above.pem', pki.chain)];
  const json = await world.run('import-certificate', 'prod', ...again, ...chain, '-o', 'json');
  expect(JSON.parse(json.printed).missing).toEqual([]);
});

it('--dry-run shows what would be imported, and changes nothing', async () => {
  const csr = await world.csr('ca');
  world.actions.length = 0;
  const file = world.write('ca.csr', csr);
  const run = await world.import(pki.signCa(csr), pki.chain, '--dry-run', '--csr', file);
  expect(run.exitCode).toBe(0);
  expect(run.printed).toMatch(/ca +CN=kubernetes[\s\S]+Issuing CA[\s\S]+Root/);
  expect(run.printed).toMatch(/this certificate can be imported$/);
  expect(run.said).toMatch(/would import the certificate of ca of prod \(dry run\)/);
  expect(world.exchange.objects.size).toBe(0);
  expect(existsSync(join(world.folder, 'certificate.pem'))).toBe(true);
});

const without = (word: string, ...more: string[]) => [
  ...CA_EXTENSIONS.filter((line) => !line.startsWith(word)),
  ...more,
];

const REFUSED: [string, () => Promise<[certificate: string, chain: string]>, RegExp[]][] = [
  [
    'a certificate that is no CA',
    async () => [
      await issue({ extensions: without('basic', 'basicConstraints=critical,CA:FALSE') }),
      pki.chain,
    ],
    [/CA:FALSE.*ask for/],
  ],
  [
    'a CA that may not sign certificates',
    async () => [
      await issue({ extensions: without('keyUsage', 'keyUsage=critical,digitalSignature') }),
      pki.chain,
    ],
    [/keyCertSign/],
  ],
  [
    'a CA for servers only',
    async () => [
      await issue({ extensions: [...CA_EXTENSIONS, 'extendedKeyUsage=serverAuth'] }),
      pki.chain,
    ],
    [/extKeyUsage without clientAuth/],
  ],
  [
    'a CA that may only certify names of the company',
    async () => [
      await issue({
        extensions: [...CA_EXTENSIONS, 'nameConstraints=critical,permitted;DNS:example.com'],
      }),
      pki.chain,
    ],
    [/nameConstraints/],
  ],
  ['a certificate for a week', async () => [await issue({ days: 7 }), pki.chain], [/in [67] days/]],
  ['the root itself', async () => [pki.certificate('root'), pki.chain], [/root/]],
  [
    'a chain without the root',
    async () => [await issue(), pki.certificate('issuing')],
    [/root|self-signed/],
  ],
  [
    'a chain in the wrong order',
    async () => [await issue(), pki.certificate('root') + pki.certificate('issuing')],
    [/order|issue/],
  ],
  [
    'everything at once',
    async () => [
      await issue({
        extensions: [
          'basicConstraints=CA:FALSE',
          'keyUsage=keyEncipherment',
          'subjectKeyIdentifier=none',
        ],
        days: 7,
      }),
      pki.chain,
    ],
    [/CA:FALSE/, /keyCertSign/, /in [67] days/, /subjectKeyIdentifier/],
  ],
];

it.each(REFUSED)('refuses %s, here and in the service', async (_, given, problems) => {
  const [certificate, chain] = await given();
  world.actions.length = 0;
  const run = await world.import(certificate, chain);
  for (const problem of problems) expect(shown(run)).toMatch(problem);
  expect(run.error).toMatchObject({ code: 'check-failed' });
  expect([world.actions, world.exchange.objects.size]).toEqual([[], 0]);
  const dry = await world.import(certificate, chain, '--dry-run', '-o', 'json');
  expect(dry.exitCode).toBe(7);
  expect(JSON.parse(dry.printed)).toMatchObject({ importable: false });
});

it('refuses the certificate of another key: with the CSR here, without it in the service', async () => {
  const csr = world.write('ca.csr', await world.csr('ca'));
  const other = pki.signCa((await world.run('csr', 'stage', '--ca', 'ca')).printed);
  world.actions.length = 0;
  expect(shown(await world.import(other, pki.chain, '--csr', csr))).toMatch(
    /a public key that is not that of the CA's KMS key/,
  );
  expect(world.actions).toEqual([]);
  expect(shown(await world.import(other, pki.chain))).toMatch(
    /create-ca: .*a public key that is not that of the CA's KMS key/s,
  );
  expect(world.exchange.objects.size).toBe(0);
});

it('the same certificate again finishes what was interrupted', async () => {
  const certificate = await issue();
  await world.import(certificate, pki.chain);
  world.exchange.objects.delete('trust/prod/ca-chain.crt');
  expect((await world.import(certificate, pki.chain)).error).toBeUndefined();
  expect(published('ca-chain.crt')).toMatch(/BEGIN/);
});

describe('a CA that exists', () => {
  const day = (pem: string) => new Date(new X509Certificate(pem).validTo).toISOString();

  it('is renewed by another certificate for the same CSR', async () => {
    const first = await issue({ days: 400 });
    await world.import(first, pki.chain);
    const csr = await world.run('csr', 'prod', '--ca', 'ca');
    expect(csr.said).toContain(
      `ca: for a renewal: this CSR has the key and the subject of version 1, whose certificate expires at ${day(first)}`,
    );
    const listed = await world.run(
      'csr',
      'prod',
      '--ca',
      'ca',
      '--out',
      join(world.folder, 'csrs'),
    );
    expect(listed.printed).toContain('ca: for a renewal: ');
    const second = pki.signCa(csr.printed);
    const file = ['--csr', world.write('ca.csr', csr.printed)];
    const preview = await world.import(second, pki.chain, ...file, '--dry-run');
    expect([preview.exitCode, preview.said]).toEqual([
      0,
      `would renew version 1 of ca of prod, which expires at ${day(first)}, until ${day(second)} (dry run)`,
    ]);
    const before = published('ca.crt');
    expect(before).toBe(first);
    const run = await world.import(second, pki.chain, ...file);
    expect(run.said).toContain(
      `renewed version 1 of ca of prod with the same key, until ${day(second)}; nodes take the certificate with their next renewals`,
    );
    expect([published('ca.crt'), published('ca-chain.crt')]).toEqual([second, second + pki.chain]);
    const show = JSON.parse((await world.run('show', 'prod', '-o', 'json')).printed);
    expect(show.cas.ca.notAfter).toBe(day(second));
    const again = await world.import(second, pki.chain, '--dry-run', '-o', 'json');
    expect(JSON.parse(again.printed)).toMatchObject({ importable: true, change: 'none' });
  });

  it('keeps its certificate if another one expires earlier: said before, and in the import', async () => {
    const first = await issue();
    await world.import(first, pki.chain);
    const shorter = pki.signCa(await world.csr('ca'), { days: 500 });
    const dry = await world.import(shorter, pki.chain, '--dry-run', '-o', 'json');
    expect([dry.exitCode, JSON.parse(dry.printed).refuses.join()]).toEqual([
      7,
      expect.stringMatching(/expires at .*, and the existing certificate at .*: nodes take/),
    ]);
    expect(shown(await world.import(shorter, pki.chain))).toMatch(/nodes take the one that/);
    expect(published('ca.crt')).toBe(first);
  });

  it('that is its own root is not renewed so: csr says how', async () => {
    await world.run('create', 'prod', '--ca', 'ca');
    expect(shown(await world.run('csr', 'prod', '--ca', 'ca'))).toMatch(
      /ca: trust domain prod already has it: it is its own root, and cakeless trust-domain renew/,
    );
  });
});

describe('a CA that is to be rotated to another one below the corporate root', () => {
  const rotate = (...more: string[]) =>
    world.run('rotate', 'prod', '--ca', 'ca', '--to', 'trust', ...more);
  const successor = () => world.run('csr', 'prod', '--ca', 'ca', '--successor');

  it('gets its CSR, the import of its certificate, and a plan that names it', async () => {
    await world.import(await issue(), pki.chain);
    const before = published('ca.crt');
    const started = await rotate();
    expect(started.exitCode).toBe(4);
    expect(started.said).toContain(
      'the phase is still stable: the certificate of the new CA is missing',
    );
    expect(started.printed).toContain(
      'note: version 2 of ca needs a certificate from the CA above it: send the CSR to that CA (cakeless trust-domain csr prod --ca ca --successor)',
    );
    const csr = await successor();
    expect(csr.said).toContain('ca: for a rotation to version 2, which has a new key');
    expect((await successor()).printed).toBe(csr.printed);
    const second = pki.signCa(csr.printed);
    const file = ['--csr', world.write('ca.csr', csr.printed)];
    const preview = await world.import(second, pki.chain, ...file, '--dry-run');
    expect([preview.exitCode, preview.said]).toEqual([
      0,
      'would import the certificate of version 2 of ca of prod, with which a rotation can start (dry run)',
    ]);
    const run = await world.import(second, pki.chain, ...file);
    expect(run.said).toContain(
      'imported the certificate of version 2 of ca of trust domain prod; nothing trusts it yet',
    );
    expect(run.printed).toContain('cakeless trust-domain rotate prod --ca ca --to trust');
    expect(published('ca.crt')).toBe(before);
    const planned = await rotate();
    const hash = (pem = '') => new X509Certificate(pem).fingerprint256.replaceAll(':', '');
    expect(planned.printed.toUpperCase()).toContain(hash(second));
    expect(planned.printed).toContain('above the new CA: O=Example Corp, CN=Example Corp Root');
    expect(planned.printed).toContain('ask an approver to run: ');
    expect(shown(await successor())).toMatch(/certificate of version 2 is imported, so its CSR/);
  });

  it.each([
    [['--successor'], /name each CA that is to be rotated/],
    [['--ca', 'ca', '--successor', '--common-name', 'x'], /has the common name of the one before/],
  ])('csr refuses %j', async (args, problem) => {
    expect(shown(await world.run('csr', 'prod', ...args))).toMatch(problem);
    expect(world.actions).toEqual([]);
  });
});

it.each([
  ['another certificate', { sha256: 'AA:BB' }, /is AA:BB, expected/],
  ['another origin', { origin: 'made' }, /ca is made, expected subordinate/],
])('says that the service has imported %s', async (_, change, problem) => {
  const certificate = await issue();
  world.tamper = (response) => {
    const { cas, ...rest } = response as { cas: { ca: object } };
    return { ...rest, cas: { ca: { ...cas.ca, ...change } } };
  };
  expect(shown(await world.import(certificate, pki.chain))).toMatch(problem);
});

it('prints warnings', async () => {
  const certificate = await issue({ days: 400 });
  const { said } = await world.import(certificate, pki.chain);
  expect(said).toMatch(/warning: ca: expires at/);
});
