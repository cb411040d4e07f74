import { constants, createHash, type KeyObject, privateEncrypt, publicDecrypt } from 'node:crypto';
import { AwsError } from '../aws-error.ts';
import type { Random } from '../identifiers.ts';
import { signDigest, verifyDigest } from './ecdsa-digest.ts';
import type { KeySpec, SigningAlgorithm } from './key-specs.ts';

/**
 * The digest to sign: the message itself if its type is DIGEST, its hash if it is RAW.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html#KMS-Sign-request-MessageType
 */
export function digestOfMessage(
  message: Buffer,
  messageType: string,
  algorithm: SigningAlgorithm,
): Buffer {
  if (message.length < 1 || message.length > maxMessageBytes) {
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length from 1 to ${maxMessageBytes}`,
    );
  }
  if (messageType === 'RAW') return createHash(algorithm.hash).update(message).digest();
  if (messageType !== 'DIGEST') {
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${messageType}' at 'messageType' failed to satisfy constraint: Member must satisfy enum value set: [RAW, DIGEST]`,
    );
  }
  if (message.length === algorithm.digestBytes) return message;
  throw new AwsError(
    'ValidationException',
    `Digest is invalid length for algorithm ${algorithm.name}.`,
  );
}

/** The same page: messages larger than 4096 bytes must be hashed by the caller. */
const maxMessageBytes = 4096;

/** Signs a digest with a private key. ECDSA signatures are DER, as those of KMS are. */
export function makeSignature(
  key: KeyObject,
  spec: KeySpec,
  algorithm: SigningAlgorithm,
  digest: Buffer,
  random: Random,
): Buffer {
  if ('curve' in spec) return signDigest(key, spec.curve, digest, random);
  return privateEncrypt(
    { key, padding: constants.RSA_PKCS1_PADDING },
    digestInfo(algorithm, digest),
  );
}

/** Whether this is a signature of the key over this digest. */
export function isSignature(
  key: KeyObject,
  spec: KeySpec,
  algorithm: SigningAlgorithm,
  digest: Buffer,
  signature: Buffer,
): boolean {
  if ('curve' in spec) return verifyDigest(key, spec.curve, digest, signature);
  try {
    return publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature).equals(
      digestInfo(algorithm, digest),
    );
  } catch {
    return false;
  }
}

function digestInfo(algorithm: SigningAlgorithm, digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from(algorithm.digestInfoPrefix ?? '', 'hex'), digest]);
}
