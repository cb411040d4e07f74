/**
 * What KMS does with wrapped key material.
 * https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html
 */
import {
  constants,
  createDecipheriv,
  createPrivateKey,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { KeySpec } from './key-specs.ts';

interface WrappingAlgorithm {
  readonly name: string;
  readonly oaepHash: 'sha1' | 'sha256';
  /** Whether RSA encrypts an AES key, and that encrypts the material. */
  readonly aes: boolean;
}

const ALGORITHMS: readonly WrappingAlgorithm[] = [
  { name: 'RSA_AES_KEY_WRAP_SHA_256', oaepHash: 'sha256', aes: true },
  { name: 'RSA_AES_KEY_WRAP_SHA_1', oaepHash: 'sha1', aes: true },
  { name: 'RSAES_OAEP_SHA_256', oaepHash: 'sha256', aes: false },
  { name: 'RSAES_OAEP_SHA_1', oaepHash: 'sha1', aes: false },
];

const WRAPPING_KEY_BITS: Readonly<Record<string, number>> = {
  RSA_2048: 2048,
  RSA_3072: 3072,
  RSA_4096: 4096,
};

/** RFC 5649, section 3. */
const KEY_WRAP_IV = Buffer.from('a65959a6', 'hex');

/** The key to generate for wrapping. @throws AwsError for a spec that KMS does not have outside China */
export function wrappingKeyBits(name: string): number {
  const bits = Object.hasOwn(WRAPPING_KEY_BITS, name) ? WRAPPING_KEY_BITS[name] : undefined;
  if (bits !== undefined) return bits;
  throw notInEnum(name, 'wrappingKeySpec', Object.keys(WRAPPING_KEY_BITS));
}

/** @throws AwsError if the algorithm cannot wrap keys of this spec: RSA keys are longer than RSA-OAEP can encrypt */
export function wrappingAlgorithmFor(spec: KeySpec, name: string): WrappingAlgorithm {
  const algorithm = ALGORITHMS.find((known) => known.name === name);
  if (algorithm === undefined) {
    const names = ALGORITHMS.map((known) => known.name);
    throw notInEnum(name, 'wrappingAlgorithm', names);
  }
  if (algorithm.aes || 'curve' in spec) return algorithm;
  throw new AwsError(
    'UnsupportedOperationException',
    `Wrapping algorithm ${name} cannot wrap ${spec.name} key material`,
  );
}

/**
 * @throws AwsError InvalidCiphertextException if it was not wrapped with this key and algorithm,
 * IncorrectKeyMaterialException if what was wrapped is not a private key of the spec, in PKCS #8
 */
export function unwrapPrivateKey(
  wrapped: Buffer,
  wrappingKeyPem: string,
  algorithm: WrappingAlgorithm,
  spec: KeySpec,
): KeyObject {
  const pkcs8 = decrypt(wrapped, createPrivateKey(wrappingKeyPem), algorithm);
  const key = readPkcs8(pkcs8);
  pkcs8.fill(0);
  if (key !== undefined && isOfSpec(key, spec)) return key;
  throw incorrectMaterial(`it is not a private key of ${spec.name} in PKCS #8`);
}

export function incorrectMaterial(why: string): AwsError {
  return new AwsError('IncorrectKeyMaterialException', `The key material is incorrect: ${why}`);
}

function decrypt(wrapped: Buffer, key: KeyObject, { oaepHash, aes }: WrappingAlgorithm): Buffer {
  const rsaBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  try {
    const first = aes ? wrapped.subarray(0, rsaBytes) : wrapped;
    const opened = privateDecrypt({ key, padding, oaepHash }, first);
    if (!aes) return opened;
    const decipher = createDecipheriv('id-aes256-wrap-pad', opened, KEY_WRAP_IV);
    return Buffer.concat([decipher.update(wrapped.subarray(rsaBytes)), decipher.final()]);
  } catch {
    throw new AwsError(
      'InvalidCiphertextException',
      'The encrypted key material could not be decrypted.',
    );
  }
}

function readPkcs8(der: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
}

function isOfSpec(key: KeyObject, spec: KeySpec): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if ('curve' in spec) return type === 'ec' && details?.namedCurve === spec.curve.namedCurve;
  return type === 'rsa' && details?.modulusLength === spec.rsaBits;
}

function notInEnum(value: string, member: string, names: readonly string[]): AwsError {
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${names.join(', ')}]`,
  );
}
