/** CA keys in memory, behind the same ports as KMS. They record what was signed. */

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CaKey, CaKeys, ImportableKey } from '../../lib/ca/ca-keys.ts';
import type { CaVersionName } from '../../lib/contract/ca-record.ts';
import { Fault } from '../../lib/fault.ts';
import type { CaKeySpec, SigningAlgorithm } from '../../lib/signing/signing-algorithm.ts';
import type { SigningKeys } from '../../lib/signing/signing-keys.ts';
import { algorithmFor, keySpec } from '../../local/kms/key-specs.ts';
import { generatePrivateKey } from '../../local/kms/key-store.ts';
import { makeSignature } from '../../local/kms/signatures.ts';

export class SoftKeys implements SigningKeys, CaKeys {
  #keys = new Map<string, { privateKey: KeyObject; key: CaKey }>();
  #importable = new Map<string, CaKeySpec>();
  readonly #committed = readCommittedKeys();
  readonly signed: string[] = [];
  /** The records that the signatures were for. */
  readonly records: string[] = [];
  interrupt: (point: 'before sign' | 'after sign') => void = () => {};

  /** The same keys, nothing signed yet. */
  withoutHistory(): SoftKeys {
    const fresh = new SoftKeys();
    fresh.#keys = this.#keys;
    fresh.#importable = this.#importable;
    return fresh;
  }

  async sign(
    keyId: string,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
    recordKey: string,
  ): Promise<Uint8Array> {
    await Promise.resolve();
    const entry = this.#keys.get(keyId);
    if (!entry) throw new Error(`no key ${keyId}`);
    this.interrupt('before sign');
    this.signed.push(keyId);
    this.records.push(recordKey);
    const spec = keySpec(entry.key.keySpec);
    const known = algorithmFor(spec, algorithm.kms);
    const signature = makeSignature(
      entry.privateKey,
      spec,
      known,
      Buffer.from(digest),
      randomBytes,
    );
    this.interrupt('after sign');
    return signature;
  }

  async ensure(name: CaVersionName, spec: CaKeySpec): Promise<CaKey> {
    const keyId = arnOf(name);
    this.#requireMade(keyId);
    if (!this.#keys.has(keyId)) {
      const pem = this.#committed[spec]?.pop() ?? (await generatePrivateKey(keySpec(spec)));
      const privateKey = createPrivateKey(pem);
      const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
      // another caller may have made it in the meantime
      if (!this.#keys.has(keyId))
        this.#keys.set(keyId, { privateKey, key: { keyId, keySpec: spec, publicKey: spki } });
    }
    return this.findMade(keyId);
  }

  async existing(name: CaVersionName): Promise<CaKey | undefined> {
    this.#requireMade(arnOf(name));
    return this.#keys.get(arnOf(name))?.key;
  }

  async ensureImportable(name: CaVersionName, spec: CaKeySpec): Promise<ImportableKey> {
    const keyId = arnOf(name);
    if (!this.#importable.has(keyId)) this.#importable.set(keyId, spec);
    return this.importState(keyId);
  }

  async importState(keyId: string): Promise<ImportableKey> {
    const spec = this.#importable.get(keyId);
    if (spec === undefined) throw new Error(`no key ${keyId} for import`);
    const entry = this.#keys.get(keyId);
    return entry
      ? { ...entry.key, state: 'imported' }
      : { keyId, keySpec: spec, state: 'pending-import' };
  }

  /** What an import leads to. @param pem the private key */
  import(keyId: string, pem: string): void {
    const spec = this.#importable.get(keyId);
    if (spec === undefined) throw new Error(`no key ${keyId} for import`);
    const privateKey = createPrivateKey(pem);
    const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    this.#keys.set(keyId, { privateKey, key: { keyId, keySpec: spec, publicKey } });
  }

  /** The key itself, for a program that measures without KMS. */
  privateKeyOf(keyId: string): KeyObject {
    const entry = this.#keys.get(keyId);
    if (!entry) throw new Error(`no key ${keyId}`);
    return entry.privateKey;
  }

  async findMade(keyId: string): Promise<CaKey> {
    this.#requireMade(keyId);
    const entry = this.#keys.get(keyId);
    if (!entry) throw new Error(`no key ${keyId}`);
    return entry.key;
  }

  #requireMade(keyId: string): void {
    if (this.#importable.has(keyId))
      throw new Fault('request-malformed', `${keyId} is for an imported private key`);
  }
}

function arnOf({ trustDomain, ca, version }: CaVersionName): string {
  const suffix = version === 1 ? '' : `-${version}`;
  return `arn:aws:kms:eu-central-1:111122223333:key/${trustDomain}-${ca}${suffix}`;
}

/** RSA keys take seconds to make: those of the first trust domain are committed (make-ca-keys.ts). */
const readCommittedKeys = (): Record<string, string[]> =>
  JSON.parse(readFileSync(resolve('test', 'support', 'ca-keys.json'), 'utf8'));
