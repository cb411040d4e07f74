/** The names that rejections use. */
import { generateKeyPairSync } from 'node:crypto';
import { judgePublicKey } from '../../../lib/csr/public-key.ts';
import { nameOfOid } from '../../../lib/der/oid-names.ts';
import { OID } from '../../../lib/der/oids.ts';
import { readDer } from '../../../lib/der/read.ts';

const curve = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey;

it.each([
  ['curve P-521', () => curve('secp521r1')],
  ['curve P-224', () => curve('secp224r1')],
  ['curve P-192', () => curve('prime192v1')],
  ['curve secp256k1', () => curve('secp256k1')],
  ['curve brainpoolP256r1', () => curve('brainpoolP256r1')],
  ['curve brainpoolP384r1', () => curve('brainpoolP384r1')],
  ['curve brainpoolP512r1', () => curve('brainpoolP512r1')],
  ['algorithm Ed25519', () => generateKeyPairSync('ed25519').publicKey],
  ['algorithm Ed448', () => generateKeyPairSync('ed448').publicKey],
  ['algorithm X25519', () => generateKeyPairSync('x25519').publicKey],
  ['algorithm X448', () => generateKeyPairSync('x448').publicKey],
])("OpenSSL's key is refused as %s", (got, makeKey) => {
  const spki = makeKey();
  const { violations } = judgePublicKey(
    readDer(spki.export({ type: 'spki', format: 'der' }), 'key'),
  );
  expect(violations).toMatchObject([{ got }]);
});

it.each(Object.entries(OID).filter(([name]) => !/Auth$/.test(name)))('%s has a name', (_, oid) => {
  expect(nameOfOid(oid)).not.toMatch(/^[\d.]+$/);
});

it.each(['1.3.6.1.4.1.57683.2', '', '__proto__'])('%j stays as it is', (oid) => {
  expect(nameOfOid(oid)).toBe(oid);
});
