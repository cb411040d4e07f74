import {
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import type { ImportParameters, KeyImport } from '../ca/key-import.ts';
import { WRAPPING_ALGORITHM } from '../ca/wrap-key.ts';
import { Fault } from '../fault.ts';
import { codeOf, toFault } from './to-fault.ts';

/** KMS keys with `Origin: EXTERNAL` as `KeyImport`. The caller must be of the account that has the keys. */
export class KmsKeyImport implements KeyImport {
  readonly #client: KMSClient;

  constructor(client: KMSClient) {
    this.#client = client;
  }

  async parameters(keyId: string): Promise<ImportParameters> {
    const what = `KMS GetParametersForImport ${keyId}`;
    const answer = await this.#client
      .send(
        new GetParametersForImportCommand({
          KeyId: keyId,
          WrappingAlgorithm: WRAPPING_ALGORITHM,
          // the strongest that KMS has: the private key is worth it
          WrappingKeySpec: 'RSA_4096',
        }),
      )
      .catch((error: unknown) => {
        throw toFault(what, error);
      });
    const { PublicKey, ImportToken, ParametersValidTo } = answer;
    if (PublicKey && ImportToken && ParametersValidTo)
      return { publicKey: PublicKey, token: ImportToken, validTo: ParametersValidTo };
    throw new Fault('unavailable', `${what}: the response is incomplete`);
  }

  async import(keyId: string, token: Uint8Array, blob: Uint8Array): Promise<void> {
    const command = new ImportKeyMaterialCommand({
      KeyId: keyId,
      ImportToken: token,
      EncryptedKeyMaterial: blob,
      // KMS's default is that the material expires
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    });
    await this.#client.send(command).catch((error: unknown) => {
      const fault = toFault(`KMS ImportKeyMaterial ${keyId}`, error);
      const refused = REFUSALS.has(codeOf(error) ?? '');
      throw refused ? new Fault('request-malformed', fault.message, error) : fault;
    });
  }
}

/** What KMS answers if token or blob are not right for the key. */
const REFUSALS: ReadonlySet<string> = new Set([
  'ExpiredImportTokenException',
  'IncorrectKeyMaterialException',
  'InvalidCiphertextException',
  'InvalidImportTokenException',
]);
