/** Public keys that are too small, unusual, or known to be breakable. */
import { ECDH } from 'node:crypto';
import { bitString, derNull, element, oid, sequence } from '../../../lib/der/write.ts';
import * as csr from '../../support/csr-builder.ts';
import { rsaSpki, testKey } from '../../support/csr-builder-keys.ts';
import { APISERVER, apiserver, type HostileCases, refusedAs } from './good.ts';

const refused = refusedAs(APISERVER);
const RSA = '1.2.840.113549.1.1.1';
const P256 = '1.2.840.10045.3.1.7';
const EC = '1.2.840.10045.2.1';
const of = (name: string) => apiserver({ key: testKey(name) });
const spki = (value: Uint8Array) => apiserver({ spki: value });
const p256 = testKey('p-256');
/** The point is the last 65 octets of a P-256 key. */
const point = p256.spki.subarray(-65);
const ecKey = (parameters: Uint8Array, contents: Uint8Array) =>
  apiserver({ key: p256, spki: sequence(sequence(oid(EC), parameters), bitString(contents)) });
const compressed = ECDH.convertKey(
  Buffer.from(point),
  'prime256v1',
  undefined,
  undefined,
  'compressed',
) as Buffer;
const offCurve = Uint8Array.from(point, (octet, i) => (i === 64 ? octet ^ 1 : octet));
const rsaKey = (...fields: Uint8Array[]) =>
  spki(sequence(sequence(oid(RSA), derNull()), bitString(sequence(...fields))));
const exponent = csr.integer(1, 0, 1);
const goodBits = testKey('rsa-2048').spki.subarray(-271);
/** A curve with all parameters, as `openssl ecparam -param_enc explicit` writes it (shortened: the reader stops before the end). */
const explicit = sequence(csr.integer(1), sequence(oid('1.2.840.10045.1.1'), csr.integer(23)));

export const keys: HostileCases = {
  'good request with RSA-4096': refused([], of('rsa-4096')),
  'good request with P-256': refused([], of('p-256')),
  'good request with P-384': refused([], of('p-384')),
  'RSA of 1024 bits': refused('key-size', of('rsa-1024')),
  'RSA of 2047 bits': refused('key-size', of('rsa-2047')),
  'RSA of 8192 bits': refused('key-size', of('rsa-8192')),
  'RSA with exponent 3': refused('key-exponent', of('rsa with exponent 3')),
  'RSA with exponent 65539': refused('key-exponent', of('rsa with exponent 65539')),
  'RSA with exponent 1': refused(
    ['key-exponent', 'signature-invalid'],
    spki(rsaSpki(modulusOf('rsa-2048'), '01')),
  ),
  'RSA with an even modulus': refused(['key-weak', 'signature-invalid'], of('rsa with factor 2')),
  'RSA with the factor 751': refused('key-weak', of('rsa with factor 751')),
  'RSA with the ROCA fingerprint': refused('key-weak', of('rsa with the ROCA fingerprint')),
  'RSA of close primes': refused('key-weak', of('rsa of close primes')),
  'RSA with a modulus of 1': refused(
    ['key-size', 'key-weak', 'signature-invalid'],
    spki(rsaSpki('01', '010001')),
  ),
  'RSA with a modulus of 0': refused('der-malformed', rsaKey(csr.integer(0), exponent)),
  'RSA with a negative modulus': refused(
    'der-malformed',
    rsaKey(element(2, Buffer.from(modulusOf('rsa-2048'), 'hex')), exponent),
  ),
  'RSA with a padded modulus': refused(
    'der-malformed',
    rsaKey(element(2, Buffer.from(`0000${modulusOf('rsa-2048')}`, 'hex')), exponent),
  ),
  'RSA with a negative exponent': refused(
    'der-malformed',
    rsaKey(csr.integer(127), csr.integer(0xff)),
  ),
  'RSA with a third number': refused('der-malformed', rsaKey(exponent, exponent, exponent)),
  'RSA without NULL': refused('der-malformed', spki(sequence(sequence(oid(RSA)), goodBits))),
  'RSA with two NULL': refused(
    'der-malformed',
    spki(sequence(sequence(oid(RSA), derNull(), derNull()), goodBits)),
  ),
  'RSA with unused bits': refused(
    'der-malformed',
    spki(sequence(sequence(oid(RSA), derNull()), bitString(goodBits.subarray(5), 1))),
  ),
  'RSA-PSS key': refused(['key-algorithm', 'signature-algorithm'], of('rsa-pss')),
  'DSA key': refused(['key-algorithm', 'signature-algorithm'], of('dsa')),
  'Ed25519 key': refused(['key-algorithm', 'signature-algorithm'], of('ed25519')),
  'X25519 key': refused(['key-algorithm', 'signature-algorithm'], of('x25519')),
  'key without an algorithm': refused('der-malformed', spki(sequence(sequence(), goodBits))),
  'key with a third field': refused(
    'der-malformed',
    spki(sequence(sequence(oid(RSA), derNull()), goodBits, derNull())),
  ),
  'EC on P-224': refused('key-curve', of('p-224')),
  'EC on P-521': refused('key-curve', of('p-521')),
  'EC on secp256k1': refused('key-curve', of('secp256k1')),
  'EC with explicit parameters': refused('key-curve', ecKey(explicit, point)),
  'EC with inherited parameters': refused('key-curve', ecKey(derNull(), point)),
  'EC with two parameters': refused(
    'der-malformed',
    apiserver({
      key: p256,
      spki: sequence(sequence(oid(EC), oid(P256), derNull()), bitString(point)),
    }),
  ),
  'EC with a compressed point': refused('key-malformed', ecKey(oid(P256), compressed)),
  'EC with a hybrid point': refused(
    'key-malformed',
    ecKey(oid(P256), Uint8Array.of(6 + ((point[64] ?? 0) & 1), ...point.subarray(1))),
  ),
  'EC with a point off the curve': refused('key-malformed', ecKey(oid(P256), offCurve)),
  'EC with the point at infinity': refused('key-malformed', ecKey(oid(P256), Uint8Array.of(0))),
  'EC with a point of zeros': refused(
    'key-malformed',
    ecKey(oid(P256), Uint8Array.of(4, ...new Uint8Array(64))),
  ),
  'EC with a coordinate over the field': refused(
    'key-malformed',
    ecKey(oid(P256), Uint8Array.of(4, ...new Uint8Array(64).fill(255))),
  ),
  'EC with a P-256 point labeled as P-384': refused(
    'key-malformed',
    ecKey(oid('1.3.132.0.34'), point),
  ),
  'EC with an empty point': refused('key-malformed', ecKey(oid(P256), new Uint8Array())),
};

/** Modulus in hex, from the SubjectPublicKeyInfo of an RSA-2048 key with exponent 65537. */
function modulusOf(name: string): string {
  return Buffer.from(testKey(name).spki.subarray(-261, -5)).toString('hex');
}
