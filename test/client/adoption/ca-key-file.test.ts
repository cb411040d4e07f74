/** The forms in which a CA key is on a disk, and what becomes of the buffers it is read into. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readCaKey, withPkcs8 } from '../../../client/adoption/ca-key-file.ts';
import { newKey, newRsaKey, openssl, Pki } from './pki.ts';

const pki = new Pki();
afterAll(() => pki.dispose());

const ec = newKey();
const rsa = newRsaKey();
const sec1 = openssl(['ec'], ec).toString();
const pkcs1 = openssl(['rsa', '-traditional'], rsa).toString();
const parameters = openssl(['ecparam', '-name', 'prime256v1']).toString();
const crlf = (text: string) => text.replaceAll('\n', '\r\n');
const publicPem = (key: string | Buffer) =>
  createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'pem' });

it.each([
  ['PKCS#1, as kubeadm writes an RSA key', pkcs1, rsa],
  ['SEC1, as kubeadm writes an EC key', sec1, ec],
  ['PKCS#8', ec, ec],
  [
    'SEC1 with the parameters of the curve before it, as openssl ecparam writes it',
    parameters + sec1,
    ec,
  ],
  ['text before and after', `Bag Attributes\n  name: ca\n${pkcs1}\nkeep this safe\n`, rsa],
  ['CRLF', crlf(pkcs1), rsa],
  ['CRLF in PKCS#8, with text', crlf(`# ca.key\n${ec}# end\n`), ec],
  [
    'a certificate before the key',
    `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${ec}`,
    ec,
  ],
  ['a second key, which kubeadm does not read either', ec + rsa, ec],
])('reads a key in this form: %s', (_, text, key) => {
  const found = readCaKey(pki.write('form.key', text));
  if (found.state !== 'found') throw new Error(found.state);
  expect(createPublicKey(found.key).export({ type: 'spki', format: 'pem' })).toBe(publicPem(key));
});

const encrypted = (form: string[], key: string) =>
  openssl([...form, '-aes256', '-passout', 'pass:secret'], key);

it.each([
  ['PKCS#8', encrypted(['pkey'], ec)],
  ['the older form', encrypted(['rsa', '-traditional'], rsa)],
])('says that a key is encrypted, in %s', (_, text) => {
  expect(readCaKey(pki.write('encrypted.key', text))).toEqual({ state: 'encrypted' });
});

it.each([
  ['an empty file', ''],
  ['a public key', publicPem(ec)],
  ['a key in DER', openssl(['pkey', '-outform', 'DER'], ec)],
  ['half a key', ec.slice(0, 120)],
  ['a key with a damaged line', ec.replace(/\n(.)/, '\n!')],
  ['no key between the lines', '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n'],
])('does not read %s', (_, text) => {
  expect(readCaKey(pki.write('bad.key', text))).toEqual({ state: 'unreadable' });
});

it('reports a missing file', () => {
  expect(readCaKey(pki.file('missing.key'))).toEqual({ state: 'missing' });
});

it('overwrites the key that it passed on, even if its use fails', async () => {
  const found = readCaKey(pki.write('ca.key', pkcs1));
  if (found.state !== 'found') throw new Error(found.state);
  const given: Buffer[] = [];
  const use = (pkcs8: Buffer) => {
    given.push(pkcs8);
    expect(pkcs8.some((octet) => octet !== 0)).toBe(true);
    throw new Error('KMS is not reachable');
  };
  await expect(withPkcs8(found.key, use)).rejects.toThrow('KMS is not reachable');
  expect(given).toHaveLength(1);
  expect(given[0]?.every((octet) => octet === 0)).toBe(true);
});

it('overwrites every buffer into which the file was read', () => {
  const original = Buffer.allocUnsafe;
  const made: Buffer[] = [];
  const spies = [
    jest.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => {
      const buffer = original(size);
      made.push(buffer);
      return buffer;
    }),
    jest.spyOn(Buffer, 'concat').mockImplementation((list) => {
      const joined = original(list.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of list) {
        joined.set(part, at);
        at += part.length;
      }
      made.push(joined);
      return joined;
    }),
  ];
  const file = pki.write('ca.key', ec);
  readCaKey(file);
  for (const spy of spies) spy.mockRestore();
  expect(made.length).toBeGreaterThanOrEqual(2);
  const lines = ec.split('\n').slice(1, 3);
  for (const buffer of made) for (const line of lines) expect(buffer.includes(line)).toBe(false);
});
