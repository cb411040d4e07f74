/** What is wrapped for KMS, opened by the `openssl` program with the steps that KMS documents. */
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY_ACCESS } from '../../../lib/access/services.ts';
import { WRAPPING_ALGORITHM, wrapPrivateKey } from '../../../lib/ca/wrap-key.ts';

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey;
const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' });
const spki = (key: KeyObject) => createPublicKey(key).export({ type: 'spki', format: 'der' });

const wrappingKey = rsa(2048);
const RSA_BYTES = 256;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-wrap-'));
  writeFileSync(join(folder, 'wrapping.pem'), wrappingKey.export({ type: 'pkcs8', format: 'pem' }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const openssl = (args: string, input: Buffer): Buffer =>
  execFileSync('openssl', args.split(' '), { input, cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });

const OAEP =
  '-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256';
const decryptAesKey = (first: Buffer) =>
  openssl(`pkeyutl -decrypt -inkey wrapping.pem ${OAEP}`, first).toString('hex');
const keyWrap = (direction: '-e' | '-d', aesKey: string, input: Buffer) =>
  openssl(`enc ${direction} -id-aes256-wrap-pad -K ${aesKey} -iv A65959A6`, input);

it.each<[string, KeyObject]>([
  ['an RSA key of 2048 bits', rsa(2048)],
  ['an RSA key of 3072 bits', rsa(3072)],
  ['a P-256 key', ec('P-256')],
  ['a P-384 key', ec('P-384')],
])('%s is what OpenSSL finds in its wrapped form', (_, key) => {
  const wrapped = wrapPrivateKey(pkcs8(key), spki(wrappingKey), randomBytes);
  const aesKey = decryptAesKey(wrapped.subarray(0, RSA_BYTES));
  expect(aesKey).toHaveLength(64);
  expect(keyWrap('-d', aesKey, wrapped.subarray(RSA_BYTES))).toEqual(pkcs8(key));
});

it('every length of a key is padded as OpenSSL pads it', () => {
  const aesKey = Buffer.alloc(32, 7);
  for (let length = 121; length <= 130; length += 1) {
    const wrapped = wrapPrivateKey(Buffer.alloc(length, 1), spki(wrappingKey), () => aesKey);
    const expected = keyWrap('-e', aesKey.toString('hex'), Buffer.alloc(length, 1));
    expect(wrapped.subarray(RSA_BYTES)).toEqual(expected);
  }
});

it('each wrapping has an AES key of its own, of the given randomness', () => {
  const random = jest.fn(randomBytes as (bytes: number) => Buffer);
  const der = pkcs8(ec('P-256'));
  const keys = [1, 2].map(() =>
    decryptAesKey(
      wrapPrivateKey(Buffer.from(der), spki(wrappingKey), random).subarray(0, RSA_BYTES),
    ),
  );
  expect(new Set(keys).size).toBe(2);
  expect(random.mock.calls).toEqual([[32], [32]]);
});

const wrong: [string, Uint8Array][] = [
  ['nothing', Buffer.alloc(0)],
  ['no key', Buffer.from('<html>')],
  ['the key of an elliptic curve', spki(ec('P-256'))],
  ['an RSA key of 1024 bits', spki(rsa(1024))],
];

it.each(wrong)('nothing is wrapped for %s', (_, der) => {
  expect(() => wrapPrivateKey(Buffer.alloc(64), der, randomBytes)).toThrow(
    expect.objectContaining({ code: 'request-malformed' }),
  );
});

it.each<[string, Uint8Array]>([
  ['is wrapped', spki(wrappingKey)],
  ['could not be wrapped', Buffer.alloc(0)],
])('the octets of a private key are overwritten when it %s', (_, der) => {
  const key = pkcs8(ec('P-256'));
  try {
    wrapPrivateKey(key, der, randomBytes);
  } catch {}
  expect(key.every((octet) => octet === 0)).toBe(true);
});

it('key policies allow the algorithm that is used, and no other', () => {
  const row = KEY_ACCESS.find(({ actions }) => actions.includes('kms:GetParametersForImport'));
  expect(row?.only?.value).toBe(WRAPPING_ALGORITHM);
});
