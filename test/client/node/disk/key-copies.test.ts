/** A copy of a CA key is found by what is in a file, wherever it is in the folders that are searched. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findCaKeys } from '../../../../client/node/disk/ca-keys.ts';
import { findKeyCopies, foldersToSearch } from '../../../../client/node/disk/key-copies.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-key-copies-'));
const made = { ca: ['', ''], etcd: ['', ''], other: ['', ''] };

beforeAll(() => {
  for (const name of Object.keys(made) as (keyof typeof made)[]) {
    const [key, certificate] = [join(root, `${name}.key`), join(root, `${name}.crt`)];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const out = ['-subj', `/CN=${name}`, '-days', '2', '-keyout', key, '-out', certificate];
    execFileSync('openssl', [...args, ...out], { stdio: 'pipe' });
    made[name] = [readFileSync(key, 'utf8'), readFileSync(certificate, 'utf8')];
  }
});
afterAll(() => rmSync(root, { recursive: true }));

const keyOf = (name: keyof typeof made) => made[name][0] ?? '';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const indented = (text: string) => text.replaceAll(/^/gm, '      ');

let node = '';
let count = 0;
beforeEach(() => {
  count += 1;
  node = join(root, `node-${count}`);
  put('pki/ca.crt', made.ca[1]);
  put('pki/ca.key', keyOf('ca'));
  put('pki/etcd/ca.crt', made.etcd[1]);
});

function put(file: string, text = ''): void {
  mkdirSync(dirname(join(node, file)), { recursive: true });
  writeFileSync(join(node, file), text);
}

const folders = () => ({ certDir: join(node, 'pki'), kubeconfigDir: node });
const search = (searched?: string[]) => {
  const { copies, unread, isComplete } = findKeyCopies(folders(), searched);
  const own = (file: string) => file.replace(`${node}/`, '');
  return {
    copies: copies.map(({ file, ca }) => `${own(file)} ${ca}`),
    unread: unread.map(({ file, why }) => `${own(file)}: ${why}`),
    isComplete,
  };
};
const nothing = { copies: [], unread: [], isComplete: true };

it('a key of another type, which an attacker may have put there, hides no copy', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  put('a', privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
  put('b', keyOf('ca'));
  put('c', `${privateKey.export({ type: 'pkcs8', format: 'pem' })}${keyOf('etcd')}`);
  expect(search()).toEqual({ ...nothing, copies: ['b ca', 'c etcd-ca'] });
});

type Outcome = ReturnType<typeof search>;
const cases: [sentence: string, file: string, text: () => string, found: Partial<Outcome>][] = [
  ['a backup of pki', 'tmp/pki/ca.key', () => keyOf('ca'), { copies: ['tmp/pki/ca.key ca'] }],
  ['a key with another name', 'x', () => keyOf('etcd'), { copies: ['x etcd-ca'] }],
  [
    'a key named after another CA, below other text',
    'pki/etcd/ca.key.bak',
    () => `text\n${keyOf('other')}${keyOf('ca')}`,
    { copies: ['pki/etcd/ca.key.bak ca'] },
  ],
  [
    "cloud-init's user data",
    'user-data.txt',
    () => `write_files:\n  - content: |\n${indented(keyOf('ca'))}`,
    { copies: ['user-data.txt ca'] },
  ],
  [
    'a Secret as YAML',
    'secret.yaml',
    () => `data:\n  tls.key: ${base64(keyOf('etcd'))}\n`,
    { copies: ['secret.yaml etcd-ca'] },
  ],
  [
    'a key in JSON',
    'secret.json',
    () => JSON.stringify({ 'ca.key': keyOf('ca') }),
    { copies: ['secret.json ca'] },
  ],
  [
    'a key with the line endings of Windows',
    'ca.pem',
    () => keyOf('ca').replaceAll('\n', '\r\n'),
    { copies: ['ca.pem ca'] },
  ],
  [
    'a key in the form of its algorithm (SEC1)',
    'ca.pem',
    () => String(createPrivateKey(keyOf('ca')).export({ type: 'sec1', format: 'pem' })),
    { copies: ['ca.pem ca'] },
  ],
  [
    'a key after the beginnings of others',
    'ca.pem',
    () => `${'-----BEGIN PRIVATE KEY-----\nAAAA'.repeat(10_000)}\n${keyOf('ca')}`,
    { copies: ['ca.pem ca'] },
  ],
  [
    'a key in base64 after other words in base64 that begin like one',
    'secret.yaml',
    () => `${`${base64('-----BEGIN CERTIFICATE-----')}\n`.repeat(5000)}${base64(keyOf('ca'))}`,
    { copies: ['secret.yaml ca'] },
  ],
  [
    'what has the label of a key and is far too long for one',
    'x',
    () => `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(100_000)}\n-----END PRIVATE KEY-----\n`,
    {},
  ],
  [
    'an encrypted key in an older form is named',
    'ca.pem',
    () =>
      '-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIB\n-----END EC PRIVATE KEY-----\n',
    { unread: ['ca.pem: it contains an encrypted private key'] },
  ],
  [
    'a key whose end has another label is not one',
    'x',
    () => keyOf('ca').replace('END PRIVATE', 'END EC PRIVATE'),
    {},
  ],
  ['a key of no CA of this node is not a copy', 'pki/apiserver.key', () => keyOf('other'), {}],
  [
    'an archive is named as one that was not read',
    'pki.tar.gz',
    () => 'x',
    { unread: ['pki.tar.gz: an archive, a database or an encrypted file'] },
  ],
  [
    'an encrypted key is named',
    'ca.pem',
    () => '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n',
    { unread: ['ca.pem: it contains an encrypted private key'] },
  ],
  [
    'a file that is too large to read is named',
    'large',
    () => 'x'.repeat(600 * 1024),
    { unread: ['large: larger than 524288 bytes'] },
  ],
];

it.each(cases)('%s', (_, file, text, found) => {
  put(file, text());
  expect(search()).toEqual({ ...nothing, ...found });
});

it('keys in their places are not copies', () => {
  expect(findCaKeys(folders())).toEqual([join(node, 'pki/ca.key')]);
  expect(search()).toEqual(nothing);
});

it('a link to a folder is not followed, so a search ends', () => {
  mkdirSync(join(node, 'tmp'));
  symlinkSync(node, join(node, 'tmp', 'around'));
  put('other/key', keyOf('ca'));
  symlinkSync(join(node, 'other'), join(node, 'tmp', 'other'));
  expect(search()).toEqual({ ...nothing, copies: ['other/key ca'] });
});

it('a search that does not see everything says so', () => {
  put(`${'deep/'.repeat(12)}ca.key`, keyOf('ca'));
  expect(search()).toEqual({ ...nothing, isComplete: false });
});

it('a certificate that cannot be read hides no other of its CA file', () => {
  put('pki/ca.crt', `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n${made.ca[1]}`);
  put('x', keyOf('ca'));
  expect(search()).toEqual({ ...nothing, copies: ['x ca'] });
});

it('of thousands of keys, which someone may have put into a file, some are looked at, and it says so', () => {
  put('many', keyOf('other').repeat(2000) + keyOf('ca'));
  put('one', keyOf('etcd'));
  expect(search()).toEqual({
    ...nothing,
    copies: ['one etcd-ca'],
    unread: ['many: it contains more private keys than are looked at'],
  });
});

it.each<[string, () => string]>([
  ['large files', () => 'x'.repeat(512 * 1024)],
  ['files of some size', () => 'x'.repeat(100 * 1024)],
  ['files with many keys', () => keyOf('other').repeat(8)],
])('%s count like several, so that a search ends soon', (_, text) => {
  put('tmp/a', text());
  expect(findKeyCopies(folders(), [node], 20).isComplete).toBe(true);
  for (const name of 'bcd') put(`tmp/${name}`, text());
  expect(findKeyCopies(folders(), [node], 20).isComplete).toBe(false);
});

it('a file counts once, however often its folder is searched', () => {
  put('tmp/ca.key', keyOf('ca'));
  const searched = [node, join(node, 'tmp'), join(node, 'tmp/ca.key'), join(node, 'missing')];
  expect(search(searched).copies).toEqual(['tmp/ca.key ca']);
});

it("a copy of a node's files is searched alone, kubeadm's own folders with what is next to them", () => {
  expect(foldersToSearch(folders())).toEqual([node]);
  const apart = { certDir: join(root), kubeconfigDir: node };
  expect(foldersToSearch(apart)).toEqual([node, root]);
});

it('the octets of a file are overwritten after they were searched, and in no string', () => {
  put('tmp/ca.key', `${keyOf('ca')}${base64(keyOf('etcd'))}`);
  const { alloc, concat } = Buffer;
  const seen: Buffer[] = [];
  const keeping =
    <Arguments extends unknown[]>(make: (...args: Arguments) => Buffer) =>
    (...args: Arguments) => {
      const made = make(...args);
      seen.push(made);
      return made as Buffer<ArrayBuffer>;
    };
  jest.spyOn(Buffer, 'alloc').mockImplementation(keeping(alloc));
  jest.spyOn(Buffer, 'concat').mockImplementation(keeping(concat));
  const texts = jest.spyOn(Buffer.prototype, 'toString');
  expect(search([join(node, 'tmp')]).copies).toEqual(['tmp/ca.key ca', 'tmp/ca.key etcd-ca']);
  const read = texts.mock.results.map(({ value }) => String(value));
  jest.restoreAllMocks();
  const known = [keyOf('ca'), keyOf('etcd')].map((pem) => pem.split('\n')[1] ?? '');
  // the file, what was in base64, and a block of PEM for each key
  expect(seen.length).toBeGreaterThanOrEqual(4);
  expect(seen.filter((octets) => known.some((line) => octets.includes(line)))).toEqual([]);
  expect(read.filter((text) => known.some((line) => text.includes(line)))).toEqual([]);
});
