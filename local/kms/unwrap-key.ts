import {
  constants,
  createDecipheriv,
  createPrivateKey,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { ImportParameters } from './import-token.ts';
import type { KeySpec } from './key-specs.ts';

/** RFC 5649, section 3. */
const KEY_WRAP_IV = Buffer.from('a65959a6', 'hex');

/**
 * The wrapping algorithms of KMS that are supported here, each with what it can wrap: RSA alone is too short for an RSA
 * key. https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-get-public-key-and-token.html
 */
const ALGORITHMS: Readonly<
  Record<
    string,
    { wrapsRsaKeys: boolean; unwrap: (blob: Buffer, wrappingKey: KeyObject) => Buffer }
  >
> = {
  RSA_AES_KEY_WRAP_SHA_256: { wrapsRsaKeys: true, unwrap: unwrapWithAes },
  RSAES_OAEP_SHA_256: { wrapsRsaKeys: false, unwrap: decryptWithRsa },
};

/** @throws AwsError if keys of this spec cannot be wrapped like this */
export function checkWrappingAlgorithm(name: string, spec: KeySpec): void {
  const algorithm = Object.hasOwn(ALGORITHMS, name) ? ALGORITHMS[name] : undefined;
  if (algorithm === undefined) {
    throw new AwsError(
      'UnsupportedOperationException',
      `WrappingAlgorithm ${name} is not supported here; supported are ${Object.keys(ALGORITHMS).join(', ')}`,
    );
  }
  if ('curve' in spec || algorithm.wrapsRsaKeys) return;
  throw new AwsError(
    'UnsupportedOperationException',
    `WrappingAlgorithm ${name} is not supported for key spec ${spec.name}: use an RSA_AES_KEY_WRAP algorithm.`,
  );
}

/** The private key in a blob. @throws AwsError if it cannot be decrypted, or is not a private key of this spec */
export function unwrapKey(blob: Buffer, parameters: ImportParameters, spec: KeySpec): KeyObject {
  const material = decrypted(blob, parameters);
  const key = parsed(material);
  material.fill(0);
  if (key !== undefined && isOfSpec(key, spec)) return key;
  throw new AwsError(
    'IncorrectKeyMaterialException',
    `The key material is not a private key of key spec ${spec.name} in PKCS #8.`,
  );
}

function decrypted(blob: Buffer, { wrappingAlgorithm, wrappingKeyPem }: ImportParameters): Buffer {
  try {
    const material = ALGORITHMS[wrappingAlgorithm]?.unwrap(blob, createPrivateKey(wrappingKeyPem));
    if (material !== undefined) return material;
  } catch {
    // below: KMS does not say what is wrong either
  }
  throw new AwsError(
    'InvalidCiphertextException',
    'The encrypted key material could not be decrypted.',
  );
}

function unwrapWithAes(blob: Buffer, wrappingKey: KeyObject): Buffer {
  const bytes = (wrappingKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const aesKey = decryptWithRsa(blob.subarray(0, bytes), wrappingKey);
  // without anything to decrypt, OpenSSL finds nothing wrong
  if (blob.length === bytes) throw new Error('no wrapped key');
  const decipher = createDecipheriv('id-aes256-wrap-pad', aesKey, KEY_WRAP_IV);
  return Buffer.concat([decipher.update(blob.subarray(bytes)), decipher.final()]);
}

function decryptWithRsa(blob: Buffer, key: KeyObject): Buffer {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return privateDecrypt({ key, padding, oaepHash: 'sha256' }, blob);
}

function parsed(material: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
}

function isOfSpec({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, spec: KeySpec): boolean {
  if ('curve' in spec)
    return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === spec.curve.namedCurve;
  return asymmetricKeyType === 'rsa' && asymmetricKeyDetails?.modulusLength === spec.rsaBits;
}
