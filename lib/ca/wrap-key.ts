/**
 * Wraps a private key for its import into KMS: RSA_AES_KEY_WRAP_SHA_256
 * (https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html).
 */
import { constants, createCipheriv, createPublicKey, publicEncrypt } from 'node:crypto';

/** RFC 5649 section 3. */
const KWP_IV = Buffer.from('a65959a6', 'hex');

/**
 * @param pkcs8Der the key; the caller overwrites it after use
 * @param wrappingKeyDer SubjectPublicKeyInfo of the wrapping key
 * @returns the AES key, encrypted with RSA-OAEP, and the private key, encrypted with AES
 */
export function wrapPrivateKey(
  pkcs8Der: Buffer,
  wrappingKeyDer: Uint8Array,
  randomBytes: (length: number) => Uint8Array,
): Buffer {
  const aesKey = Buffer.from(randomBytes(32));
  try {
    const wrappingKey = createPublicKey({
      key: Buffer.from(wrappingKeyDer),
      format: 'der',
      type: 'spki',
    });
    const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    const encryptedKey = publicEncrypt({ key: wrappingKey, ...oaep }, aesKey);
    const cipher = createCipheriv('id-aes256-wrap-pad', aesKey, KWP_IV);
    return Buffer.concat([encryptedKey, cipher.update(pkcs8Der), cipher.final()]);
  } finally {
    aesKey.fill(0);
  }
}
