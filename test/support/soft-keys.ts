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
  /** Keys that were created for an import, by ARN. */
  readonly #imports = new Map<string, CaKeySpec>();
  readonly #committed = readCommittedKeys();
  readonly signed: string[] = [];
  /** The records that the signatures were for. */
  readonly records: string[] = [];
  interrupt: (point: 'before sign' | 'after sign') => void = () => {};

  /** The same keys, nothing signed yet. */
  withoutHistory(): SoftKeys {
    const fresh = new SoftKeys();
    fresh.#keys = this.#keys;
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

  async ensure({ trustDomain, ca, version }: CaVersionName, spec: CaKeySpec): Promise<CaKey> {
    const suffix = version === 1 ? '' : `-${version}`;
    const keyId = `arn:aws:kms:eu-central-1:111122223333:key/${trustDomain}-${ca}${suffix}`;
    if (!this.#keys.has(keyId)) {
      const pem = this.#committed[spec]?.pop() ?? (await generatePrivateKey(keySpec(spec)));
      const privateKey = createPrivateKey(pem);
      const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
      // another caller may have made it in the meantime
      if (!this.#keys.has(keyId))
        this.#keys.set(keyId, { privateKey, key: { keyId, keySpec: spec, publicKey: spki } });
    }
    return this.find(keyId);
  }

  async ensureImportable(
    { trustDomain, ca, version }: CaVersionName,
    spec: CaKeySpec,
  ): Promise<ImportableKey> {
    const keyId = `arn:aws:kms:eu-central-1:111122223333:key/${trustDomain}-${ca}-${version}-imported`;
    if (!this.#imports.has(keyId)) this.#imports.set(keyId, spec);
    return this.importState(keyId);
  }

  async importState(keyId: string): Promise<ImportableKey> {
    const known = this.#keys.get(keyId);
    if (known) return { keyId, keySpec: known.key.keySpec, state: 'imported' };
    const spec = this.#imports.get(keyId);
    if (!spec) throw new Fault('request-malformed', `KMS has no key ${keyId}`);
    return { keyId, keySpec: spec, state: 'pending-import' };
  }

  /** As KMS's ImportKeyMaterial does, once the blob is unwrapped. */
  import(keyId: string, privateKey: KeyObject): void {
    const spec = this.#imports.get(keyId);
    if (!spec || this.#keys.has(keyId)) throw new Error(`no import into ${keyId} is pending`);
    const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    this.#keys.set(keyId, { privateKey, key: { keyId, keySpec: spec, publicKey } });
  }

  /** The key itself, for a program that measures without KMS. */
  privateKeyOf(keyId: string): KeyObject {
    const entry = this.#keys.get(keyId);
    if (!entry) throw new Error(`no key ${keyId}`);
    return entry.privateKey;
  }

  async find(keyId: string): Promise<CaKey> {
    const entry = this.#keys.get(keyId);
    if (!entry) throw new Error(`no key ${keyId}`);
    return entry.key;
  }
}

/** RSA keys take seconds to make: those of the first trust domain are committed (make-ca-keys.ts). */
const readCommittedKeys = (): Record<string, string[]> =>
  JSON.parse(readFileSync(resolve('test', 'support', 'ca-keys.json'), 'utf8'));
