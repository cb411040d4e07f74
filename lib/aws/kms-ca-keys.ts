import {
  CreateAliasCommand,
  CreateKeyCommand,
  GetPublicKeyCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import type { CaKey, CaKeys } from '../ca/ca-keys.ts';
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
    const { trustDomain, ca, version } = name;
    const alias = caKeyAlias(name);
    const known = await this.#read(alias).catch(explainRefusal);
    if (known) return known;
    try {
      const { KeyMetadata } = await this.#client.send(
        new CreateKeyCommand({
          KeySpec: keySpec,
          KeyUsage: 'SIGN_VERIFY',
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
    return this.find(alias);
  }

  async find(keyId: string): Promise<CaKey> {
    const key = await this.#read(keyId);
    if (key) return key;
    throw new Fault('request-malformed', `KMS has no key ${keyId}`);
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
