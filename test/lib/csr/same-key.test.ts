/** Keys are compared without a trace that others stumble over. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { isSameKey } from '../../../lib/csr/same-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const ed25519 = generateKeyPairSync('ed25519');
const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' });

it.each<[string, KeyObject, KeyObject, boolean]>([
  ['a key and itself', rsa.publicKey, rsa.publicKey, true],
  ['RSA and EC', rsa.publicKey, p256.publicKey, false],
  ['EC and Ed25519', p256.publicKey, ed25519.publicKey, false],
  ['two curves', p256.publicKey, p384.publicKey, false],
])('after comparing %s, a private key can be read', (_, one, other, same) => {
  expect(isSameKey(one, other)).toBe(same);
  expect(createPrivateKey(pem).asymmetricKeyType).toBe('rsa');
});
