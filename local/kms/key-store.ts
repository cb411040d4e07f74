import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finishedFiles, makeFolder, writeDurably } from '../../lib/files/durable-file.ts';
import { AwsError } from '../aws-error.ts';
import type { Random } from '../identifiers.ts';
import { type EllipticCurve, type KeySpec, keySpec } from './key-specs.ts';

/** A key as in its file. The private key is not encrypted: these keys are for evaluation and tests. */
export interface StoredKey {
  readonly keyId: string;
  readonly arn: string;
  readonly spec: string;
  readonly description: string;
  readonly createdAt: string;
  readonly tags: readonly { readonly TagKey: string; readonly TagValue: string }[];
  readonly origin: 'AWS_KMS' | 'EXTERNAL';
  readonly state: 'Enabled' | 'Disabled' | 'PendingImport' | 'PendingDeletion';
  readonly deletionDate?: string;
  /** Absent before an import, and after the imported material was deleted or has expired. */
  readonly privateKeyPem?: string;
  /** The public key of what was imported first, in base64: nothing else can be imported ever after. */
  readonly boundTo?: string;
  /** Of imported material that is there. */
  readonly expirationModel?: 'KEY_MATERIAL_EXPIRES' | 'KEY_MATERIAL_DOES_NOT_EXPIRE';
  readonly validTo?: string;
}

/** The keys and aliases of a folder. */
export class KeyStore {
  readonly #folder: string;
  readonly #keys = new Map<string, StoredKey>();
  readonly #privateKeys = new Map<string, KeyObject>();
  #aliases: Readonly<Record<string, string>> = {};
  #importSecret: Promise<string> | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<KeyStore> {
    const store = new KeyStore(folder);
    await makeFolder(join(folder, 'keys'));
    for (const name of await finishedFiles(join(folder, 'keys'))) {
      const key = JSON.parse(await readFile(join(folder, 'keys', name), 'utf8')) as StoredKey;
      store.#keys.set(key.keyId, key);
    }
    const aliases = await readFile(join(folder, 'aliases.json'), 'utf8').catch(() => '{}');
    store.#aliases = JSON.parse(aliases) as Record<string, string>;
    return store;
  }

  keys(): StoredKey[] {
    return [...this.#keys.values()].sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
  }

  /** Key ids by alias name (`alias/…`). */
  aliases(): [name: string, keyId: string][] {
    return Object.entries(this.#aliases).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /**
   * Finds a key by its id, ARN, alias name or alias ARN.
   * https://docs.aws.amazon.com/kms/latest/developerguide/find-cmk-id-arn.html
   * @param now imported material that has expired is not there
   */
  find(reference: string, now: Date): StoredKey {
    const name = /^arn:aws:kms:[^:]+:\d+:(?:key\/)?(.+)$/.exec(reference)?.[1] ?? reference;
    const keyId = name.startsWith('alias/') ? this.#aliases[name] : name;
    const key = this.#keys.get(keyId ?? '');
    if (key !== undefined && (key.arn === reference || !reference.includes(':key/')))
      return key.validTo !== undefined && Date.parse(key.validTo) <= now.getTime()
        ? withoutMaterial(key)
        : key;
    throw new AwsError('NotFoundException', `Key or alias ${reference} is not found.`);
  }

  /** Writes a new key, or an existing one in another state. */
  async save(key: StoredKey): Promise<void> {
    await writeDurably(
      join(this.#folder, 'keys', `${key.keyId}.json`),
      `${JSON.stringify(key, null, 2)}\n`,
    );
    this.#keys.set(key.keyId, key);
    this.#privateKeys.delete(key.keyId);
  }

  /** What import tokens are encrypted with. */
  async importSecret(random: Random): Promise<Buffer> {
    const path = join(this.#folder, 'import-secret');
    this.#importSecret ??= readFile(path, 'utf8').catch(async () => {
      const secret = random(32).toString('base64');
      await writeDurably(path, secret);
      return secret;
    });
    return Buffer.from(await this.#importSecret, 'base64');
  }

  async saveAlias(name: string, keyId: string): Promise<void> {
    if (this.#aliases[name] !== undefined) {
      throw new AwsError('AlreadyExistsException', `An alias with the name ${name} already exists`);
    }
    this.#aliases = { ...this.#aliases, [name]: keyId };
    await writeDurably(join(this.#folder, 'aliases.json'), JSON.stringify(this.#aliases, null, 2));
  }

  /** Of a key that has one. */
  privateKey(key: StoredKey): KeyObject {
    const known = this.#privateKeys.get(key.keyId) ?? createPrivateKey(key.privateKeyPem ?? '');
    this.#privateKeys.set(key.keyId, known);
    return known;
  }
}

/**
 * Generates the private key of a spec, as PKCS #8 in PEM. node:crypto writes the text directly: exporting a key object
 * that still belongs to the job that generated it can deadlock Node 20 if garbage is collected in the meantime.
 */
export async function generatePrivateKey(
  spec: { readonly rsaBits: number } | { readonly curve: EllipticCurve },
): Promise<string> {
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const;
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  const encodings = { privateKeyEncoding, publicKeyEncoding };
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _publicKey: string, privateKey: string): void =>
      error === null ? resolve(privateKey) : reject(error);
    if ('curve' in spec) {
      generateKeyPair('ec', { namedCurve: spec.curve.namedCurve, ...encodings }, done);
    } else generateKeyPair('rsa', { modulusLength: spec.rsaBits, ...encodings }, done);
  });
}

/** A key as it is without the material that was imported into it. */
export function withoutMaterial(key: StoredKey): StoredKey {
  const { privateKeyPem: _, expirationModel: _model, validTo: _validTo, ...rest } = key;
  return { ...rest, state: key.state === 'PendingDeletion' ? key.state : 'PendingImport' };
}

/** The spec of a stored key. */
export function specOf(key: StoredKey): KeySpec {
  return keySpec(key.spec);
}
