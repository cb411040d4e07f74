/** Requests whose signer does not hold the key, or proves possession in a way that is not accepted. */
import { constants, createPrivateKey, sign } from 'node:crypto';
import { derNull, element, oid, sequence } from '../../../lib/der/write.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';
import { APISERVER, apiserver, type HostileCases, refusedAs } from './good.ts';

const refused = refusedAs(APISERVER);
const rsa = testKey('rsa-2048');
const p256 = testKey('p-256');
const SHA256_RSA = '1.2.840.113549.1.1.11';
const ECDSA_SHA256 = '1.2.840.10045.4.3.2';
const signedWith = (hash: string, algorithm: string) =>
  apiserver({
    signatureAlgorithm: csr.algorithm(algorithm),
    sign: (bytes) => sign(hash, bytes, rsaPrivateKey),
  });
const rsaPrivateKey = createPrivateKey({
  key: Buffer.from(rsa.pkcs8 ?? []),
  format: 'der',
  type: 'pkcs8',
});
const ecdsa = (change: (signature: Uint8Array) => Uint8Array) =>
  apiserver({ key: p256, sign: (bytes) => change(p256.sign(bytes)) });
const algorithm = (...fields: Uint8Array[]) =>
  apiserver({ signatureAlgorithm: sequence(...fields) });

export const signatures: HostileCases = {
  'good request with SHA-384': refused([], signedWith('sha384', '1.2.840.113549.1.1.12')),
  'good request with SHA-512': refused([], signedWith('sha512', '1.2.840.113549.1.1.13')),
  'RSA with SHA-1': refused('signature-algorithm', signedWith('sha1', '1.2.840.113549.1.1.5')),
  'RSA with MD5': refused('signature-algorithm', signedWith('md5', '1.2.840.113549.1.1.4')),
  'RSA with SHA-224': refused('signature-algorithm', signedWith('sha224', '1.2.840.113549.1.1.14')),
  'RSA with PSS': refused(
    'signature-algorithm',
    apiserver({
      signatureAlgorithm: sequence(oid('1.2.840.113549.1.1.10'), sequence()),
      sign: (bytes) =>
        sign('sha256', bytes, { key: rsaPrivateKey, padding: constants.RSA_PKCS1_PSS_PADDING }),
    }),
  ),
  'RSA with PSS labeled as PKCS1': refused(
    'signature-invalid',
    apiserver({
      sign: (bytes) =>
        sign('sha256', bytes, { key: rsaPrivateKey, padding: constants.RSA_PKCS1_PSS_PADDING }),
    }),
  ),
  'RSA with the hash of another algorithm': refused(
    'signature-invalid',
    signedWith('sha512', SHA256_RSA),
  ),
  'signed by another RSA key': refused(
    'signature-invalid',
    apiserver({ sign: testKey('another rsa-2048').sign }),
  ),
  'signed by another EC key': refused(
    'signature-invalid',
    apiserver({ key: p256, sign: testKey('another p-256').sign }),
  ),
  'signed by a key of another kind': refused(
    'signature-algorithm',
    apiserver({ key: p256, spki: rsa.spki }),
  ),
  'public key of another requester': refused(
    'signature-invalid',
    apiserver({ spki: testKey('another rsa-2048').spki }),
  ),
  'signature of another request': refused(
    'signature-invalid',
    apiserver({ sign: () => rsa.sign(Buffer.from('another request')) }),
  ),
  'signature of nothing': refused('signature-invalid', apiserver({ sign: () => new Uint8Array() })),
  'signature of zeros': refused(
    'signature-invalid',
    apiserver({ sign: () => new Uint8Array(256) }),
  ),
  'signature with a leading byte': refused(
    'signature-invalid',
    apiserver({ sign: (bytes) => Buffer.concat([Buffer.of(0), rsa.sign(bytes)]) }),
  ),
  'no signature algorithm': refused('der-malformed', algorithm()),
  'RSA signature without NULL': refused([], algorithm(oid(SHA256_RSA))),
  'RSA signature with a SEQUENCE for NULL': refused(
    'der-malformed',
    algorithm(oid(SHA256_RSA), sequence()),
  ),
  'RSA signature with contents in NULL': refused(
    'der-malformed',
    algorithm(oid(SHA256_RSA), element(5, Buffer.of(0))),
  ),
  'RSA signature with three fields': refused(
    'der-malformed',
    algorithm(oid(SHA256_RSA), derNull(), derNull()),
  ),
  'ECDSA signature with NULL': refused(
    'der-malformed',
    apiserver({ key: p256, signatureAlgorithm: sequence(oid(ECDSA_SHA256), derNull()) }),
  ),
  'ECDSA signature with a trailing byte': refused(
    'signature-invalid',
    ecdsa((signature) => Buffer.concat([signature, Buffer.of(0)])),
  ),
  'ECDSA signature with negative numbers': refused(
    'signature-invalid',
    ecdsa(() => sequence(csr.integer(0xff), csr.integer(0xff))),
  ),
  'ECDSA signature with zeros': refused(
    'signature-invalid',
    ecdsa(() => sequence(csr.integer(0), csr.integer(0))),
  ),
  'ECDSA signature that is not a SEQUENCE': refused(
    'signature-invalid',
    ecdsa((signature) => signature.subarray(2)),
  ),
  'ECDSA signature in a long length': refused(
    'signature-invalid',
    ecdsa((signature) => Buffer.concat([Buffer.of(0x30, 0x81), signature.subarray(1)])),
  ),
  'ECDSA signature with padded numbers': refused(
    'signature-invalid',
    ecdsa((signature) => padFirstInteger(signature)),
  ),
};

/** r with an unnecessary zero octet. */
function padFirstInteger(signature: Uint8Array): Uint8Array {
  const length = signature[3] ?? 0;
  return sequence(
    element(2, Buffer.of(0, 0), signature.subarray(4, 4 + length)),
    signature.subarray(4 + length),
  );
}
