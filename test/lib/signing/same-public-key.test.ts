import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { isSamePublicKey } from '../../../lib/signing/same-public-key.ts';
import { readSources } from '../../support/imports.ts';

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' });

it.each<[sentence: string, a: KeyObject, b: KeyObject, isSame: boolean]>([
  ['the same key', p256.publicKey, p256.publicKey, true],
  ['two keys of one curve', p256.publicKey, other.publicKey, false],
  ['keys of two curves', p256.publicKey, p384.publicKey, false],
  ['an EC key and an RSA key', p256.publicKey, rsa.publicKey, false],
])('%s, and the next key that is read can be read', (_, a, b, isSame) => {
  expect(isSamePublicKey(a, b)).toBe(isSame);
  expect(() => createPrivateKey(pem)).not.toThrow();
});

it('is the only place that calls equals of a KeyObject', () => {
  const compared = readSources('client', 'functions', 'infra', 'lib', 'local', 'release')
    .filter(({ file }) => file !== 'lib/signing/same-public-key.ts')
    .flatMap(({ file, text }) =>
      [...text.matchAll(/.*\.equals\(.*/g)].map(([line]) => [file, line]),
    )
    .filter(([, line = '']) => /key/i.test(line) && !/buffer|spki|decrypt/i.test(line));
  expect(compared).toEqual([]);
});
