/** The form of an adoption in three parts: what is carried, and what cannot be swapped on its path. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newKey, Pki } from './pki.ts';
import { shown, World } from './world.ts';

let world: World;
let folder: string;
beforeEach(() => {
  world = new World();
  folder = join(world.pki.root, 'prod-import');
});
afterEach(() => world.dispose());

interface Adoption {
  cas: Record<string, { certificate: string; keyId: string; import?: { [field: string]: string } }>;
}
interface Wrapped {
  cas: Record<string, { wrappingKeyHash: string; encryptedKeyMaterial: string }>;
}

const path = (name: string) => join(folder, name);
const read = <T>(name: string): T => JSON.parse(readFileSync(path(name), 'utf8'));
function change<T>(name: string, edit: (content: T) => void): void {
  const content = read<T>(name);
  edit(content);
  writeFileSync(path(name), JSON.stringify(content));
}

/** The options on the last line of a command's output. */
const optionsIn = (printed: string, option: string): string[] =>
  [...printed.matchAll(new RegExp(`${option} (\\S+)`, 'g'))].flatMap(([, value = '']) => [
    option,
    value,
  ]);

async function begin(...more: string[]): Promise<string[]> {
  const run = await world.adopt('--begin', '--out', folder, ...more);
  if (run.error) throw run.error;
  return optionsIn(run.printed, '--wrapping-key-hash');
}

const wrap = (hashes: readonly string[]) =>
  world.run('wrap-keys', '--from', folder, '--kubeconfig-dir', world.pki.root, ...hashes);

const finish = (hashes: readonly string[], name = 'prod') =>
  world.run('adopt', name, '--finish', folder, ...hashes);

/** Of the wrapping keys that are in the folder now. */
const wrappingKeyHashes = (): string[] =>
  Object.entries(read<Adoption>('adoption.json').cas).flatMap(([ca, entry]) => {
    const spki = Buffer.from(entry.import?.wrappingKey ?? '', 'base64');
    const hash = createHash('sha256').update(spki).digest('hex');
    return ['--wrapping-key-hash', `${ca === 'ca' ? '' : `${ca}=`}sha256:${hash}`];
  });

/** Begins and wraps. @returns the options for `--finish` */
async function wrapped(): Promise<string[]> {
  const run = await wrap(await begin());
  if (run.error) throw run.error;
  return optionsIn(run.printed, '--ca-cert-hash');
}

it('adopts the CAs with what is carried, and the hashes that each command prints for the next', async () => {
  const hashes = await begin();
  expect(hashes).toHaveLength(6);
  const printed = await wrap(hashes);
  expect(printed.error).toBeUndefined();
  expect(printed.printed).toMatch(
    /^wrapped the keys of ca, etcd-ca, front-proxy-ca; only KMS can read them\n/,
  );
  const run = await finish(optionsIn(printed.printed, '--ca-cert-hash'));
  expect(run.error).toBeUndefined();
  expect(run.printed).toMatch(/^etcd-ca +CN=etcd-ca +adopted/m);
  expect(world.authority.json('trust/prod.json')).toBeDefined();
  expect(readdirSync(folder).sort()).toEqual(['adoption.json', 'wrapped-keys.json']);
});

it('warns that the hashes must not travel with the folder', async () => {
  const { said } = await world.adopt('--begin', '--out', folder);
  expect(said).toContain('anyone who can replace a wrapping key in the folder gets the CA key');
});

it('begins with certificates alone', async () => {
  world.pki.remove('ca.key', 'etcd/ca.key', 'front-proxy-ca.key');
  expect(await begin()).toHaveLength(6);
});

it('begins as JSON', async () => {
  const { printed } = await world.adopt('--begin', '--out', folder, '-o', 'json');
  const { cas, trustDomain } = JSON.parse(printed);
  expect([trustDomain, Object.keys(cas)]).toEqual(['prod', ['ca', 'etcd-ca', 'front-proxy-ca']]);
  expect(cas.ca).toEqual({
    keyId: expect.stringMatching(/^arn:/),
    state: 'pending-import',
    wrappingKeyHash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    validTo: expect.stringMatching(/Z$/),
  });
  const hashes = Object.values<{ wrappingKeyHash: string }>(cas);
  expect(hashes.flatMap((one) => ['--wrapping-key-hash', one.wrappingKeyHash])).toEqual(
    wrappingKeyHashes(),
  );
});

const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
const swappedKey = own.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const strange = newKey();

describe('wrap-keys wraps nothing', () => {
  it.each<[string, (content: Adoption) => void, string]>([
    [
      'with a wrapping key that someone swapped',
      ({ cas }) => Object.assign(cas['etcd-ca']?.import ?? {}, { wrappingKey: swappedKey }),
      'etcd-ca: the wrapping key in the folder has the hash etcd-ca=sha256:',
    ],
    [
      'with the wrapping key of another CA',
      ({ cas }) =>
        Object.assign(cas.ca?.import ?? {}, { wrappingKey: cas['etcd-ca']?.import?.wrappingKey }),
      'ca: the wrapping key in the folder has the hash sha256:',
    ],
    [
      'if the certificates are not those of this node',
      ({ cas }) => Object.assign(cas.ca ?? {}, { certificate: cas['etcd-ca']?.certificate }),
      "ca: the adoption was begun with a certificate that is not this node's",
    ],
    [
      'if a certificate cannot be read',
      ({ cas }) => Object.assign(cas.ca ?? {}, { certificate: 'none' }),
      "ca: the adoption was begun with a certificate that is not this node's",
    ],
    [
      'for an import that has expired',
      ({ cas }) => Object.assign(cas.ca?.import ?? {}, { validTo: '2026-01-01T00:00:00Z' }),
      'ca: what KMS issued for the import expired at 2026-01-01T00:00:00Z',
    ],
  ])('%s', async (_, edit, reason) => {
    const hashes = await begin();
    change('adoption.json', edit);
    const run = await wrap(hashes);
    expect(run.error).toMatchObject({ code: 'check-failed' });
    expect(shown(run)).toContain(reason);
    expect(readdirSync(folder)).toEqual(['adoption.json']);
  });

  it('without the hash of each wrapping key', async () => {
    const [, ...more] = await begin();
    const run = await wrap(['--wrapping-key-hash', ...more.slice(2)]);
    expect(shown(run)).toMatch(/^ca: the hash of its wrapping key is missing/m);
    expect(readdirSync(folder)).toEqual(['adoption.json']);
  });

  it('without any hash, and says which command prints them', async () => {
    await begin();
    const run = await wrap([]);
    expect(run.error).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/--wrapping-key-hash is missing for ca, etcd-ca, front-/),
      hint: expect.stringContaining('cakeless trust-domain adopt --begin printed'),
    });
    expect(readdirSync(folder)).toEqual(['adoption.json']);
  });

  it('with two hashes for one wrapping key', async () => {
    const hashes = await begin();
    const run = await wrap([...hashes, '--wrapping-key-hash', `sha256:${'0'.repeat(64)}`]);
    expect(run.error).toMatchObject({ code: 'check-failed' });
  });

  it('if a key is not that of its certificate, or missing', async () => {
    const hashes = await begin();
    world.pki.write('ca.key', strange);
    world.pki.remove('etcd/ca.key');
    const text = shown(await wrap(hashes));
    expect(text).toContain('ca.key: is not the private key of the certificate next to it');
    expect(text).toContain('etcd/ca.key: does not exist');
    expect(readdirSync(folder)).toEqual(['adoption.json']);
  });

  it.each([
    ['a text that is not a hash', 'sha256:12', 'not a hash of a wrapping key'],
    ['a CA that does not exist', `web-ca=sha256:${'0'.repeat(64)}`, 'not a hash of a wrapping key'],
  ])('for %s', async (_, hash, reason) => {
    await begin();
    const run = await wrap(['--wrapping-key-hash', hash]);
    expect(run.error).toMatchObject({ code: 'usage' });
    expect(shown(run)).toContain(reason);
  });

  it('from a folder that is not from --begin', async () => {
    const hashes = await begin();
    writeFileSync(path('adoption.json'), '{"cakelessRequest":1}');
    expect(shown(await wrap(hashes))).toContain(
      'not a file from cakeless trust-domain adopt --begin',
    );
  });
});

describe('--finish changes nothing', () => {
  it('without the hash of each CA', async () => {
    const [, ...more] = await wrapped();
    const run = await finish(['--ca-cert-hash', ...more.slice(2)]);
    expect(shown(run)).toMatch(/^ca: its hash is missing/m);
    expect([world.written(), world.kms.received]).toEqual([[], []]);
  });

  it('if someone swapped a CA, its key and all that belongs to it', async () => {
    const hashes = await wrapped();
    // the wrapping keys are public: anyone who can write to the folder can wrap a key of theirs
    world.pki.setCa('ca', strange);
    const certificate = readFileSync(world.pki.file('ca.crt'), 'utf8');
    change<Adoption>(
      'adoption.json',
      ({ cas }) => void Object.assign(cas.ca ?? {}, { certificate }),
    );
    expect((await wrap(wrappingKeyHashes())).error).toBeUndefined();
    const run = await finish(hashes);
    expect(shown(run)).toMatch(
      /^ca: the certificate in the folder has the hash sha256:.*not given/m,
    );
    expect([world.written(), world.kms.received]).toEqual([[], []]);
  });

  it('for another trust domain', async () => {
    const run = await finish(await wrapped(), 'staging');
    expect(shown(run)).toContain('the adoption was begun for trust domain prod, not staging');
    expect(world.kms.received).toEqual([]);
  });

  it('if the keys were wrapped for an earlier --begin', async () => {
    const hashes = await wrapped();
    await begin();
    await begin();
    const run = await finish(hashes);
    expect(run.error).toMatchObject({ code: 'check-failed' });
    expect(shown(run)).toContain('its key was wrapped for an earlier run of --begin');
    expect(world.kms.received).toEqual([]);
  });

  it('if the import has expired', async () => {
    const hashes = await wrapped();
    change<Adoption>('adoption.json', ({ cas }) => {
      Object.assign(cas.ca?.import ?? {}, { validTo: '2026-01-01T00:00:00Z' });
    });
    expect(shown(await finish(hashes))).toContain('ca: what KMS issued for the import expired at');
    change<Adoption>('adoption.json', ({ cas }) => {
      Object.assign(cas.ca?.import ?? {}, { validTo: 'never' });
    });
    expect(shown(await finish(hashes))).toContain('expired at never');
    expect(world.kms.received).toEqual([]);
  });

  it('if a key was not wrapped, or none was', async () => {
    const hashes = await wrapped();
    change<Wrapped>('wrapped-keys.json', ({ cas }) => delete cas['front-proxy-ca']);
    expect(shown(await finish(hashes))).toContain('front-proxy-ca: its key was not wrapped');
    rmSync(path('wrapped-keys.json'));
    expect((await finish(hashes)).error).toMatchObject({ code: 'usage' });
    expect(world.kms.received).toEqual([]);
  });

  it('if the wrapped keys are of another trust domain', async () => {
    const hashes = await wrapped();
    change<{ trustDomain: string }>('wrapped-keys.json', (file) => {
      file.trustDomain = 'staging';
    });
    expect(shown(await finish(hashes))).toContain('its keys are of trust domain staging, not prod');
  });
});

it('a wrapped key of one CA does not become the key of another', async () => {
  const hashes = await wrapped();
  change<Wrapped>('wrapped-keys.json', ({ cas }) => {
    Object.assign(cas.ca ?? {}, { encryptedKeyMaterial: cas['etcd-ca']?.encryptedKeyMaterial });
  });
  expect(shown(await finish(hashes))).toContain('InvalidCiphertextException');
  expect(world.written()).toEqual([]);
});

it('KMS refuses an import after its time, whatever the clock of this machine says', async () => {
  const hashes = await wrapped();
  world.kms.aheadMs = 25 * 60 * 60 * 1000;
  expect(shown(await finish(hashes))).toContain('ExpiredImportTokenException');
  expect(world.written()).toEqual([]);
});

class Killed extends Error {}

const POINTS = [
  'create-ca prepare-adoption',
  ...['ca', 'etcd-ca', 'front-proxy-ca'].map(() => 'import'),
  'create-ca adopt',
].flatMap((call) => [`before ${call}`, `after ${call}`]);

it.each(POINTS.map((point, i) => [i + 1, point] as const))(
  '--finish killed at point %i, %s: the next run finishes',
  async (number) => {
    const hashes = await wrapped();
    let count = 0;
    world.interrupt = () => {
      count += 1;
      if (count === number) throw new Killed();
    };
    expect((await finish(hashes)).error).toBeInstanceOf(Killed);
    world.interrupt = () => {};
    expect((await finish(hashes)).error).toBeUndefined();
    expect(world.authority.json('trust/prod.json')).toBeDefined();
  },
);

it('begins again after a part was imported, and wraps only the others', async () => {
  const hashes = await wrapped();
  let imports = 0;
  world.interrupt = (point) => {
    imports += point === 'after import' ? 1 : 0;
    if (imports === 2) throw new Killed();
  };
  await finish(hashes);
  world.interrupt = () => {};
  const again = await begin();
  expect(again).toEqual(['--wrapping-key-hash', expect.stringMatching(/^front-proxy-ca=/)]);
  const { printed } = await wrap(again);
  expect(printed).toMatch(/^wrapped the keys of front-proxy-ca;/);
  expect((await finish(optionsIn(printed, '--ca-cert-hash'))).error).toBeUndefined();
});

const FROM_FOLDER =
  '--finish takes the CAs and KMS keys from its folder: omit --ca, --cert-dir, --kubeconfig-dir and --key-…';

it.each([
  [['--begin'], '--begin needs --out DIR'],
  [['--out', 'x'], '--out needs --begin'],
  [['--begin', '--out', 'x', '--finish', 'y'], '--begin and --finish cannot be given together'],
  [['--begin', '--out', 'x', '--dry-run'], '--dry-run cannot be given with --begin or --finish'],
  [['--ca-cert-hash', `sha256:${'0'.repeat(64)}`], '--ca-cert-hash needs --finish'],
  [['--finish', 'x', '--ca', 'ca'], FROM_FOLDER],
  [['--finish', 'x', '--key-ca', 'arn:x'], FROM_FOLDER],
])('refuses %j', async (options, reason) => {
  const run = await world.run('adopt', 'prod', ...options);
  expect(run.error).toMatchObject({ code: 'usage', message: reason });
});

it('does not follow a copy of the pki folder of another cluster', async () => {
  const hashes = await begin();
  const stranger = new Pki();
  for (const ca of ['ca', 'etcd-ca', 'front-proxy-ca'] as const) stranger.setCa(ca, newKey());
  const run = await world.run(
    'wrap-keys',
    '--from',
    folder,
    '--cert-dir',
    stranger.folders.certDir,
    ...hashes,
  );
  expect(shown(run).match(/not this node's/g)).toHaveLength(3);
  stranger.dispose();
});
