/** No octet of a CA key leaves the process of an adoption, in any form, whether it succeeds or fails. */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { formsFound, windowsOf } from './octets.ts';
import { newKey, newRsaKey, openssl, STEMS } from './pki.ts';
import { type Run, World } from './world.ts';

const rsa = openssl(['rsa', '-traditional'], newRsaKey()).toString();
const ec = newKey();
const keys = { ca: rsa, 'etcd-ca': ec, 'front-proxy-ca': newKey('P-384') } as const;
const windows = Object.values(keys).flatMap(windowsOf);

let world: World;
let folder: string;
beforeEach(() => {
  world = new World();
  folder = join(world.pki.root, 'prod-import');
  for (const [ca, key] of Object.entries(keys)) world.pki.setCa(ca as keyof typeof keys, key);
});
afterEach(() => world.dispose());

const KEY_FILES = Object.values(STEMS).map((stem) => `pki/${stem}.key`);

/** Everything that an observer can see: what is printed, sent, logged, written and passed on. */
function visible(...runs: Run[]): Buffer {
  const files = readdirSync(world.pki.root, { recursive: true, withFileTypes: true }).flatMap(
    (entry) => {
      const path = join(entry.parentPath, entry.name);
      const isKey = KEY_FILES.includes(path.slice(world.pki.root.length + 1));
      return entry.isFile() && !isKey ? [path, readFileSync(path)] : [path];
    },
  );
  const objects = [...world.authority.objects, ...world.exchange.objects].flatMap(
    ([key, { body }]) => [key, body],
  );
  const outputs = runs.flatMap(({ printed, said, error }) => [
    printed,
    said,
    inspect(error, { depth: 9, maxArrayLength: null, maxStringLength: null, showHidden: true }),
  ]);
  const process_ = [JSON.stringify(process.argv), JSON.stringify(process.env)];
  const parts = [
    ...outputs,
    ...files,
    ...objects,
    ...world.requests,
    ...world.logged,
    ...world.kms.received,
    ...process_,
  ];
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

const leaks = (...runs: Run[]) => formsFound(windows, visible(...runs));

it('finds a key in each form, so that the tests below can fail', () => {
  const der = createPrivateKey(rsa).export({ type: 'pkcs8', format: 'der' });
  const forms = [
    ['raw', der],
    ['hex', der.toString('hex')],
    ['base64', rsa],
    ['base64', JSON.stringify(rsa)],
    ['an array of numbers', JSON.stringify([...der])],
  ] as const;
  for (const [form, text] of forms)
    expect(formsFound(windows, Buffer.concat([Buffer.from('x'), Buffer.from(text)]))).toContain(
      form,
    );
  writeFileSync(join(world.pki.root, 'copy'), ec);
  expect(leaks()).toContain('base64');
});

it('an adoption in one process', async () => {
  const run = await world.adopt();
  expect(run.error).toBeUndefined();
  expect(world.kms.received).toHaveLength(3);
  expect(leaks(run)).toEqual([]);
});

it('an inspection, which finds copies of the keys', async () => {
  const args = ['inspect-pki', '--kubeconfig-dir', world.pki.root, '-o', 'json'];
  const run = await world.run(...args);
  expect(run.exitCode).toBe(0);
  expect(leaks(run)).toEqual([]);
});

it('an adoption in three parts', async () => {
  const options = (text: string) =>
    (/ (--(?:wrapping-key|ca-cert)-hash .*)$/m.exec(text)?.[1] ?? '').split(' ');
  const begun = await world.adopt('--begin', '--out', folder);
  const place = ['--from', folder, '--kubeconfig-dir', world.pki.root];
  const wrapped = await world.run('wrap-keys', ...place, ...options(begun.printed));
  const finished = await world.run(
    'adopt',
    'prod',
    '--finish',
    folder,
    ...options(wrapped.printed),
  );
  expect([begun, wrapped, finished].map(({ error }) => error)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(leaks(begun, wrapped, finished)).toEqual([]);
});

it.each<[string, () => void]>([
  [
    'the keys are swapped',
    () => {
      world.pki.write('ca.key', ec);
      world.pki.write('etcd/ca.key', rsa);
    },
  ],
  ['a key is damaged', () => void world.pki.write('ca.key', rsa.replace(/\n(.)/, '\n!'))],
  ['a key is truncated', () => void world.pki.write('ca.key', rsa.slice(0, 900))],
  [
    'a wrapping key is swapped',
    () => {
      world.kms.swapped = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    },
  ],
  [
    'a wrapping key is not RSA',
    () => {
      world.kms.swapped = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    },
  ],
  [
    'KMS cannot be reached',
    () => {
      world.interrupt = (point) => {
        if (point === 'before import') throw new Error('connect ECONNREFUSED');
      };
    },
  ],
  [
    'the function returns nonsense',
    () => {
      world.tamper = () => 'nonsense';
    },
  ],
])('a failed adoption: %s', async (_, prepare) => {
  prepare();
  const run = await world.adopt();
  expect(run.error).toBeInstanceOf(Error);
  expect(leaks(run)).toEqual([]);
});
