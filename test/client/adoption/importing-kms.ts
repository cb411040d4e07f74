/**
 * KMS in memory, with keys into which key material is imported: what is imported is unwrapped by the two steps that KMS
 * documents, and refused as KMS refuses it.
 */
import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { judgeAdoptedKey } from '../../../lib/ca/adopted-key.ts';
import type { CaKey, CaKeys, ImportableKey } from '../../../lib/ca/ca-keys.ts';
import type { ImportParameters, KeyImport } from '../../../lib/ca/key-import.ts';
import type { CaVersionName } from '../../../lib/contract/ca-record.ts';
import { readDer } from '../../../lib/der/read.ts';
import { Fault } from '../../../lib/fault.ts';
import type { CaKeySpec, SigningAlgorithm } from '../../../lib/signing/signing-algorithm.ts';
import type { SigningKeys } from '../../../lib/signing/signing-keys.ts';
import { algorithmFor, keySpec } from '../../../local/kms/key-specs.ts';
import { makeSignature } from '../../../local/kms/signatures.ts';

interface Key {
  readonly keySpec: CaKeySpec;
  privateKey?: KeyObject;
}

interface Parameters {
  readonly keyId: string;
  readonly wrappingKey: KeyObject;
  readonly validTo: Date;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** They take long to make; the same CA gets a different one in the next round of three. */
const WRAPPING_KEYS = [1, 2, 3, 4].map(
  () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
);

const spkiOf = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ type: 'spki', format: 'der' });

export class ImportingKms implements CaKeys, SigningKeys, KeyImport {
  readonly keys = new Map<string, Key>();
  readonly #parameters: Parameters[] = [];
  /** The digests that were signed. */
  readonly signed: string[] = [];
  /** Every EncryptedKeyMaterial that was sent. */
  readonly received: Buffer[] = [];
  /** How far its clock is ahead of the machine's, which OpenSSL makes the CAs of these tests by. */
  aheadMs = 0;
  /** Whose wrapping key is returned instead of KMS's. */
  swapped: KeyObject | undefined;

  get now(): Date {
    return new Date(Date.now() + this.aheadMs);
  }

  async ensureImportable(name: CaVersionName, keySpec: CaKeySpec): Promise<ImportableKey> {
    const keyId = `arn:aws:kms:eu-central-1:111122223333:key/${name.trustDomain}-${name.ca}`;
    if (!this.keys.has(keyId)) this.keys.set(keyId, { keySpec });
    return this.importState(keyId);
  }

  async importState(keyId: string): Promise<ImportableKey> {
    const { keySpec, privateKey } = this.#key(keyId);
    return privateKey
      ? { keyId, keySpec, publicKey: spkiOf(privateKey), state: 'imported' }
      : { keyId, keySpec, state: 'pending-import' };
  }

  async existing(): Promise<CaKey | undefined> {
    return undefined;
  }

  async ensure(): Promise<CaKey> {
    throw new Error('no CA of these tests is made');
  }

  async findMade(): Promise<CaKey> {
    throw new Error('no CA of these tests is made');
  }

  async parameters(keyId: string): Promise<ImportParameters> {
    this.#key(keyId);
    const wrappingKey = WRAPPING_KEYS[this.#parameters.length % WRAPPING_KEYS.length];
    if (!wrappingKey) throw new Error('no wrapping key');
    const validTo = new Date(this.now.getTime() + DAY_MS);
    this.#parameters.push({ keyId, wrappingKey, validTo });
    return {
      publicKey: spkiOf(this.swapped ?? wrappingKey),
      token: Buffer.from(`token ${this.#parameters.length - 1}`),
      validTo,
    };
  }

  async import(keyId: string, token: Uint8Array, blob: Uint8Array): Promise<void> {
    const key = this.#key(keyId);
    this.received.push(Buffer.from(blob));
    const [, number = ''] = /^token (\d+)$/.exec(Buffer.from(token).toString()) ?? [];
    const parameters = this.#parameters[Number(number)];
    if (number === '' || parameters?.keyId !== keyId) throw refusal('InvalidImportTokenException');
    if (parameters.validTo <= this.now) throw refusal('ExpiredImportTokenException');
    const privateKey = unwrap(parameters.wrappingKey, Buffer.from(blob));
    if (specOf(privateKey) !== key.keySpec) throw refusal('IncorrectKeyMaterialException');
    if (key.privateKey && !spkiOf(key.privateKey).equals(spkiOf(privateKey)))
      throw refusal('IncorrectKeyMaterialException');
    key.privateKey = privateKey;
  }

  async sign(keyId: string, algorithm: SigningAlgorithm, digest: Uint8Array): Promise<Uint8Array> {
    const { privateKey } = this.#key(keyId);
    if (!privateKey) throw new Fault('not-allowed', `${keyId} is pending import`);
    this.signed.push(Buffer.from(digest).toString('hex'));
    const { keySpec: name } = this.#key(keyId);
    const spec = keySpec(name);
    const known = algorithmFor(spec, algorithm.kms);
    return makeSignature(privateKey, spec, known, Buffer.from(digest), randomBytes);
  }

  #key(keyId: string): Key {
    const key = this.keys.get(keyId);
    if (!key) throw new Fault('request-malformed', `KMS has no key ${keyId}`);
    return key;
  }
}

const refusal = (name: string) => new Fault('request-malformed', `KMS ImportKeyMaterial: ${name}`);

function unwrap(wrappingKey: KeyObject, blob: Buffer): KeyObject {
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const aesKey = privateDecrypt(
      { key: wrappingKey, padding, oaepHash: 'sha256' },
      blob.subarray(0, 256),
    );
    const iv = Buffer.from('a65959a6', 'hex');
    const decipher = createDecipheriv('id-aes256-wrap-pad', aesKey, iv);
    const pkcs8 = Buffer.concat([decipher.update(blob.subarray(256)), decipher.final()]);
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  } catch {
    throw refusal('InvalidCiphertextException');
  }
}

function specOf(key: KeyObject): CaKeySpec | undefined {
  const judged = judgeAdoptedKey(readDer(spkiOf(key), 'publicKey'));
  return 'keySpec' in judged ? judged.keySpec : undefined;
}
