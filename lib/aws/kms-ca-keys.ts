import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  type KeyMetadata,
  type KMSClient,
} from '@aws-sdk/client-kms';
import type { CaKey, CaKeys, ImportableKey } from '../ca/ca-keys.ts';
import { caKeyAlias } from '../ca/key-alias.ts';
import { keyDescription, otherCaIn } from '../ca/key-description.ts';
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
    const known = await this.existing(name);
    if (known) return known;
    await this.#create(name, keySpec, 'AWS_KMS');
    return this.findMade(caKeyAlias(name), name);
  }

  existing(name: CaVersionName): Promise<CaKey | undefined> {
    return this.#findMade(caKeyAlias(name), name).catch(explainRefusal);
  }

  async findMade(keyId: string, name: CaVersionName): Promise<CaKey> {
    return (await this.#findMade(keyId, name)) ?? missing(keyId);
  }

  /** undefined if it does not exist */
  async #findMade(keyId: string, name: CaVersionName): Promise<CaKey | undefined> {
    const key = await this.#describe(keyId);
    if (key === undefined) return undefined;
    const misfit = key.Origin === 'EXTERNAL' ? ADOPT_INSTEAD : misfitOfCa(key, name);
    if (misfit !== undefined) throw new Fault('request-malformed', `${keyId} ${misfit}`);
    return this.#read(keyId);
  }

  async ensureImportable(name: CaVersionName, keySpec: CaKeySpec): Promise<ImportableKey> {
    const alias = caKeyAlias(name);
    if ((await this.#describe(alias).catch(explainRefusal)) === undefined)
      await this.#create(name, keySpec, 'EXTERNAL');
    const key = await this.importState(alias, name);
    if (key.keySpec === keySpec) return key;
    throw new Fault(
      'request-malformed',
      `${alias} is a ${key.keySpec} key, and the private key of ${name.ca} is ${keySpec}: nothing else can be imported into it`,
    );
  }

  async importState(keyId: string, name: CaVersionName): Promise<ImportableKey> {
    const key = await this.#describe(keyId);
    if (key === undefined) return missing(keyId);
    const keySpec = CA_KEY_SPECS.find((spec) => spec === key.KeySpec);
    const misfit = misfitOf(key, keySpec) ?? misfitOfCa(key, name);
    if (misfit !== undefined || keySpec === undefined || key.Arn === undefined)
      throw new Fault('request-malformed', `${keyId} ${misfit ?? 'has no ARN'}`);
    if (key.KeyState === 'PendingImport')
      return { keyId: key.Arn, keySpec, state: 'pending-import' };
    const imported = (await this.#read(key.Arn)) ?? missing(key.Arn);
    return { ...imported, state: 'imported' };
  }

  /** Creates a key and its alias, unless another caller has created the alias in the meantime. */
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
          Origin: origin,
          Description: `${keyDescription(name)}, version ${version}`,
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

  async #describe(keyId: string): Promise<KeyMetadata | undefined> {
    try {
      const answer = await this.#client.send(new DescribeKeyCommand({ KeyId: keyId }));
      return answer.KeyMetadata;
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFoundException') return undefined;
      throw toFault(`KMS DescribeKey ${keyId}`, error);
    }
  }

  async #read(keyId: string): Promise<CaKey | undefined> {
    try {
      const answer = await this.#client.send(new GetPublicKeyCommand({ KeyId: keyId }));
      const keySpec = CA_KEY_SPECS.find((spec) => spec === answer.KeySpec);
      if (!keySpec || answer.KeyUsage !== 'SIGN_VERIFY' || !answer.PublicKey || !answer.KeyId)
        throw new Fault(
          'request-malformed',
          `${keyId} is a ${answer.KeySpec} key for ${answer.KeyUsage}; a CA needs a key for SIGN_VERIFY, one of ${CA_KEY_SPECS.join(', ')}`,
        );
      return { keyId: answer.KeyId, keySpec, publicKey: answer.PublicKey };
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (error instanceof Error && error.name === 'NotFoundException') return undefined;
      throw toFault(`KMS GetPublicKey ${keyId}`, error);
    }
  }
}

function missing(keyId: string): never {
  throw new Fault('request-malformed', `KMS has no key ${keyId}`);
}

const ADOPT_INSTEAD =
  "is for the private key of an existing cluster's CA (its origin is EXTERNAL), and such a CA keeps its certificate: run cakeless trust-domain adopt instead; after that, create the CAs that the cluster does not have by their names, as in cakeless trust-domain create NAME --ca kubelet-ca";

function misfitOfCa({ Description = '' }: KeyMetadata, name: CaVersionName): string | undefined {
  const other = otherCaIn(Description, name);
  return other === undefined ? undefined : `is the key of ${other}, by its description`;
}

/** Why the private key of a CA cannot be imported into this key; undefined if it can. */
function misfitOf(key: KeyMetadata, keySpec: CaKeySpec | undefined): string | undefined {
  const { KeySpec, KeyUsage, Origin, KeyState = '', ExpirationModel } = key;
  if (keySpec === undefined || KeyUsage !== 'SIGN_VERIFY')
    return `is a ${KeySpec} key for ${KeyUsage}; a CA needs a key for SIGN_VERIFY, one of ${CA_KEY_SPECS.join(', ')}`;
  if (Origin !== 'EXTERNAL')
    return `has a private key that KMS made (its origin is ${Origin}): only keys with the origin EXTERNAL take another`;
  if (KeyState !== 'PendingImport' && KeyState !== 'Enabled')
    return `cannot be used: its state is ${KeyState}`;
  if (ExpirationModel === 'KEY_MATERIAL_EXPIRES')
    return 'would lose its private key on the date with which it was imported: import it again with KEY_MATERIAL_DOES_NOT_EXPIRE';
  return undefined;
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
