/** Wraps a private key for import into KMS, so that nothing but KMS can read it. */
import { constants, createCipheriv, createPublicKey, publicEncrypt } from 'node:crypto';
import { Fault } from '../fault.ts';

/** KMS's name of what `wrapPrivateKey` does. It wraps RSA keys, which are too long for RSA-OAEP, and EC keys. */
export const WRAPPING_ALGORITHM = 'RSA_AES_KEY_WRAP_SHA_256';

/** RFC 5649, section 3: the constant half of the alternative initial value; the cipher adds the length. */
export const KEY_WRAP_IV = Buffer.from('a65959a6', 'hex');
/** AES-256 in RFC 5649's mode, as OpenSSL calls it. */
export const KEY_WRAP_CIPHER = 'id-aes256-wrap-pad';

const AES_KEY_BYTES = 32;
const WRAPPING_KEY_BITS = [2048, 3072, 4096];

/**
 * The octets that KMS imports: a new AES key, encrypted by RSA-OAEP with SHA-256 (for MGF1, too), and then the private
 * key, encrypted with that AES key by AES-KWP.
 * https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html
 * @param pkcs8Der the private key, as an unencrypted PrivateKeyInfo. Overwritten with zeros when this returns or throws:
 * nobody needs it afterwards. So is the AES key.
 * @param wrappingKeyDer SubjectPublicKeyInfo, as KMS returns it for import. Who can replace it can read the private key.
 * @throws Fault request-malformed if KMS has no such wrapping keys
 */
export function wrapPrivateKey(
  pkcs8Der: Buffer,
  wrappingKeyDer: Uint8Array,
  random: (bytes: number) => Uint8Array,
): Buffer {
  const aesKey = random(AES_KEY_BYTES);
  try {
    const key = readWrappingKey(wrappingKeyDer);
    const encryptedKey = publicEncrypt(
      { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
      aesKey,
    );
    const cipher = createCipheriv(KEY_WRAP_CIPHER, aesKey, KEY_WRAP_IV);
    return Buffer.concat([encryptedKey, cipher.update(pkcs8Der), cipher.final()]);
  } finally {
    aesKey.fill(0);
    pkcs8Der.fill(0);
  }
}

function readWrappingKey(der: Uint8Array) {
  const key = parsed(der);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key ?? {};
  if (key && type === 'rsa' && WRAPPING_KEY_BITS.includes(details?.modulusLength ?? 0)) return key;
  throw new Fault(
    'request-malformed',
    'the wrapping key is not the SubjectPublicKeyInfo of an RSA key of 2048, 3072 or 4096 bits, as KMS makes them for import',
  );
}

function parsed(der: Uint8Array) {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
