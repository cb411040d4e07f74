/** A wrapped key is what OpenSSL's own commands make and read; nothing of it stays in memory. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wrapPrivateKey } from '../../../lib/ca/wrap-key.ts';
import { KEYS_TO_WRAP, pkcs8Of, spkiOf, WRAPPING_KEYS } from '../../support/keys-to-wrap.ts';

const folder = mkdtempSync(join(tmpdir(), 'cakeless-wrap-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [{ key: wrapping } = { key: undefined }] = WRAPPING_KEYS;
if (!wrapping) throw new Error('no wrapping key');
const spki = spkiOf(wrapping);

function openssl(input: Uint8Array, ...args: string[]): Buffer {
  return execFileSync('openssl', args, { input });
}

/** With `-pkeyopt`, not by default: OpenSSL's default for both digests is SHA-1. */
function openAesKey(encrypted: Uint8Array): Buffer {
  const file = join(folder, 'wrapping.pem');
  writeFileSync(file, wrapping?.export({ type: 'pkcs8', format: 'pem' }) ?? '', { mode: 0o600 });
  const options = ['rsa_padding_mode:oaep', 'rsa_oaep_md:sha256', 'rsa_mgf1_md:sha256'];
  const named = options.flatMap((option) => ['-pkeyopt', option]);
  return openssl(encrypted, 'pkeyutl', '-decrypt', '-inkey', file, ...named);
}

const keyWrap = (input: Uint8Array, aesKey: Uint8Array, ...more: string[]) => {
  const hex = Buffer.from(aesKey).toString('hex');
  return openssl(input, 'enc', '-id-aes256-wrap-pad', '-K', hex, '-iv', 'A65959A6', ...more);
};

it.each(KEYS_TO_WRAP)('a key of $spec is wrapped as OpenSSL wraps it', ({ key }) => {
  const aesKey = randomBytes(32);
  const pkcs8 = pkcs8Of(key);
  const blob = wrapPrivateKey(Buffer.from(pkcs8), spki, () => Buffer.from(aesKey));
  expect(openAesKey(blob.subarray(0, 256)).equals(aesKey)).toBe(true);
  expect(blob.subarray(256).equals(keyWrap(pkcs8, aesKey))).toBe(true);
  expect(keyWrap(blob.subarray(256), aesKey, '-d').equals(pkcs8)).toBe(true);
});

const [{ key: caKey } = { key: wrapping }] = KEYS_TO_WRAP;

it('draws a new AES key of 256 bits each time', () => {
  const asked: number[] = [];
  const random = (count: number) => {
    asked.push(count);
    return randomBytes(count);
  };
  const wrap = () => wrapPrivateKey(pkcs8Of(caKey), spki, random).toString('base64');
  expect(wrap()).not.toBe(wrap());
  expect(asked).toEqual([32, 32]);
});

const notWrappingKeys: [string, () => Buffer][] = [
  ['an EC key', () => spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
  [
    'an RSA key of 1024 bits',
    () => spkiOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
  ],
  ['a private key', () => pkcs8Of(caKey)],
  ['anything else', () => Buffer.from('-----BEGIN PUBLIC KEY-----')],
  ['nothing', () => Buffer.alloc(0)],
];

it.each(notWrappingKeys)('refuses %s as a wrapping key', (_, make) => {
  expect(() => wrapPrivateKey(pkcs8Of(caKey), make(), randomBytes)).toThrow(
    expect.objectContaining({
      code: 'request-malformed',
      message: expect.stringMatching(/^the wrapping key is not /),
    }),
  );
});

it.each<[string, Uint8Array]>([
  ['was wrapped', spki],
  ['could not be wrapped', Buffer.from('no key')],
])('overwrites the private key and the AES key when it %s', (_, wrappingKey) => {
  const pkcs8 = pkcs8Of(caKey);
  const aesKey = randomBytes(32);
  try {
    wrapPrivateKey(pkcs8, wrappingKey, () => aesKey);
  } catch (error) {
    expect(error).toMatchObject({ code: 'request-malformed' });
  }
  const zeros = (octets: Buffer) => octets.every((octet) => octet === 0);
  expect([zeros(pkcs8), zeros(aesKey)]).toEqual([true, true]);
});
