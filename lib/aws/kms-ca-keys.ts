import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import type { CaKey, CaKeys, ImportableKey } from '../ca/ca-keys.ts';
import { caKeyAlias } from '../ca/key-alias.ts';
import type { CaVersionName } from '../contract/ca-record.ts';
import { Fault } from '../fault.ts';
import { CA_KEY_SPECS, type CaKeySpec } from '../signing/signing-algorithm.ts';
import { toFault } from './to-fault.ts';

/**
 * The keys of CAs in KMS. The alias decides which key is the CA's: of concurrent calls one creates the alias, and the
 * others use its key. The keys that those others created stay in KMS, unused.
 */
export class KmsCaKeys implements CaKeys {
  readonly #client: KMSClient;

  constructor(client: KMSClient) {
    this.#client = client;
  }

  async ensure(name: CaVersionName, keySpec: CaKeySpec): Promise<CaKey> {
    const alias = caKeyAlias(name);
    const known = await this.#read(alias).catch(explainRefusal);
    if (known) return known;
    await this.#create(name, keySpec, 'AWS_KMS');
    return this.find(alias);
  }

  async ensureImportable(name: CaVersionName, keySpec: CaKeySpec): Promise<ImportableKey> {
    const alias = caKeyAlias(name);
    const known = await this.#describe(alias);
    if (known) return known;
    await this.#create(name, keySpec, 'EXTERNAL');
    return this.importState(alias);
  }

  async importState(keyId: string): Promise<ImportableKey> {
    const key = await this.#describe(keyId);
    if (key) return key;
    throw new Fault('request-malformed', `KMS has no key ${keyId}`);
  }

  async find(keyId: string): Promise<CaKey> {
    const key = await this.#read(keyId);
    if (key) return key;
    throw new Fault('request-malformed', `KMS has no key ${keyId}`);
  }

  /** Creates a key and its alias; if another call created the alias, its key is the one. */
  async #create(
    name: CaVersionName,
    keySpec: CaKeySpec,
    origin: 'AWS_KMS' | 'EXTERNAL',
  ): Promise<void> {
    const { trustDomain, ca, version } = name;
    const alias = caKeyAlias(name);
    try {
      const { KeyMetadata } = await this.#client.send(
        new CreateKeyCommand({
          KeySpec: keySpec,
          KeyUsage: 'SIGN_VERIFY',
          ...(origin === 'EXTERNAL' && { Origin: origin }),
          Description: `Cakeless: ${ca} of trust domain ${trustDomain}, version ${version}`,
          Tags: [
            { TagKey: 'cakeless:trust-domain', TagValue: trustDomain },
            { TagKey: 'cakeless:ca', TagValue: ca },
          ],
        }),
      );
      await this.#client.send(
        new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata?.KeyId }),
      );
    } catch (error) {
      if (!(error instanceof Error && error.name === 'AlreadyExistsException'))
        explainRefusal(toFault(`KMS CreateKey for ${alias}`, error));
    }
  }

  /** A key without key material has no public key: only its metadata has its key spec. */
  async #describe(keyId: string): Promise<ImportableKey | undefined> {
    try {
      const answer = await this.#client.send(new DescribeKeyCommand({ KeyId: keyId }));
      const { Arn, KeySpec, KeyUsage, KeyState } = answer.KeyMetadata ?? {};
      if (!Arn) throw new Error('KMS returned no ARN');
      const keySpec = specOf(keyId, KeySpec, KeyUsage);
      if (KeyState === 'PendingImport') return { keyId: Arn, keySpec, state: 'pending-import' };
      if (KeyState === 'Enabled') return { keyId: Arn, keySpec, state: 'imported' };
      throw new Fault('request-malformed', `${keyId} cannot be used: its state is ${KeyState}`);
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (error instanceof Error && error.name === 'NotFoundException') return undefined;
      throw toFault(`KMS DescribeKey ${keyId}`, error);
    }
  }

  async #read(keyId: string): Promise<CaKey | undefined> {
    try {
      const answer = await this.#client.send(new GetPublicKeyCommand({ KeyId: keyId }));
      const keySpec = specOf(keyId, answer.KeySpec, answer.KeyUsage);
      if (!answer.PublicKey || !answer.KeyId) throw new Error('KMS returned no public key');
      return { keyId: answer.KeyId, keySpec, publicKey: answer.PublicKey };
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (error instanceof Error && error.name === 'NotFoundException') return undefined;
      throw toFault(`KMS GetPublicKey ${keyId}`, error);
    }
  }
}

/** @throws Fault request-malformed if a CA cannot have such a key */
function specOf(keyId: string, keySpec: string | undefined, usage: string | undefined): CaKeySpec {
  const known = CA_KEY_SPECS.find((spec) => spec === keySpec);
  if (known && usage === 'SIGN_VERIFY') return known;
  throw new Fault(
    'request-malformed',
    `${keyId} is a ${keySpec} key for ${usage}; a CA needs a key for SIGN_VERIFY, one of ${CA_KEY_SPECS.join(', ')}`,
  );
}

/** In a deployment the function cannot create keys: the deployment declares them. */
function explainRefusal(error: unknown): never {
  if (error instanceof Fault && error.code === 'not-allowed')
    throw new Fault(
      'not-allowed',
      `${error.message}. If your deployment creates the keys of CAs, declare the trust domain there, or specify keys that it allows this function to use`,
      error,
    );
  throw error;
}
