/** Whom keys can be sealed to, and that only they can open what was sealed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecipient, seal } from '../../../../client/node/release-keys/seal.ts';
import { makeRecipient, openSealed } from '../../../support/adopted-node.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-seal-'));
afterAll(() => rmSync(root, { recursive: true }));
const NOW = new Date();
const made = new Map<string, string>();
/** Once for each name: RSA keys take time. */
const pemOf = (name: string, ...options: string[]): string => {
  const known = made.get(name);
  if (known !== undefined) return known;
  const pem = readFileSync(makeRecipient(join(root, name), ...options), 'utf8');
  made.set(name, pem);
  return pem;
};
const keyOf = (name: string) => {
  pemOf(name);
  return readFileSync(join(root, `${name}.key`), 'utf8');
};
const sealed = (pem: string, content: string) => {
  const file = join(root, 'sealed');
  writeFileSync(file, seal(Buffer.from(content), readRecipient(pem, 'r.crt', NOW)));
  return file;
};

it.each([
  ['nothing', ''],
  ['exactly a block', 'x'.repeat(16)],
  ['more than one length octet tells', 'x'.repeat(100_000)],
])('openssl opens %s', (_, content) => {
  const pem = pemOf('one');
  expect(openSealed(sealed(pem, content), join(root, 'one.key'))).toBe(content);
});

it('another key does not open it', () => {
  const file = sealed(pemOf('one'), 'secret');
  pemOf('other');
  expect(() => openSealed(file, join(root, 'other.key'))).toThrow();
  expect(readFileSync(file, 'latin1')).not.toContain(Buffer.from('secret').toString('base64'));
});

it('a recipient with a long serial number and issuer', () => {
  const subject = ['-subj', '/C=DE/O=Ca\u0308sar & Co/OU=a+b/CN=keys', '-utf8'];
  const pem = pemOf(
    'long',
    ...subject,
    '-set_serial',
    '0xfedcba98765432100123456789abcdef01234567',
  );
  expect(openSealed(sealed(pem, 'x'), join(root, 'long.key'))).toBe('x');
});

const refused: [sentence: string, pem: () => string, why: RegExp, now?: Date][] = [
  ['two certificates', () => pemOf('one') + pemOf('other'), /is not one PEM certificate/],
  ['a key alone', () => keyOf('one'), /is not one PEM certificate/],
  ['an EC key', () => ecCertificate(), /its key is not RSA of at least 2048 bits/],
  ['a short key', () => pemOf('short', '-newkey', 'rsa:1024'), /not RSA of at least 2048 bits/],
  [
    'an expired certificate',
    () => pemOf('one'),
    /it expired at \d{4}-[-0-9T:.]+Z/,
    new Date(Date.now() + 31 * 864e5),
  ],
];

it.each(refused)('refuses %s', (_, pem, why, now = NOW) => {
  expect(() => readRecipient(pem(), 'r.crt', now)).toThrow(why);
});

function ecCertificate(): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  const args = ['req', '-x509', ...key, '-keyout', join(root, 'ec.key'), '-subj', '/CN=x'];
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
}
