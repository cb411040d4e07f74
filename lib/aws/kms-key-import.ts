/** Importing key material into KMS. */
import {
  GetParametersForImportCommand,
  ImportKeyMaterialCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import { Fault } from '../fault.ts';
import { toFault } from './to-fault.ts';

export interface ImportParameters {
  /** The wrapping key: SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly token: Uint8Array;
  readonly validTo: Date;
}

export interface KeyImport {
  parameters(keyId: string): Promise<ImportParameters>;
  import(keyId: string, token: Uint8Array, blob: Uint8Array): Promise<void>;
}

export class KmsKeyImport implements KeyImport {
  readonly #client: KMSClient;

  constructor(client: KMSClient) {
    this.#client = client;
  }

  async parameters(keyId: string): Promise<ImportParameters> {
    const command = new GetParametersForImportCommand({
      KeyId: keyId,
      WrappingAlgorithm: 'RSA_AES_KEY_WRAP_SHA_256',
      WrappingKeySpec: 'RSA_4096',
    });
    const { PublicKey, ImportToken, ParametersValidTo } = await this.#client
      .send(command)
      .catch((error: unknown) => {
        throw toFault(`KMS GetParametersForImport ${keyId}`, error);
      });
    if (!PublicKey || !ImportToken || !ParametersValidTo)
      throw new Fault('unavailable', `KMS GetParametersForImport ${keyId}: incomplete response`);
    return { publicKey: PublicKey, token: ImportToken, validTo: ParametersValidTo };
  }

  async import(keyId: string, token: Uint8Array, blob: Uint8Array): Promise<void> {
    const command = new ImportKeyMaterialCommand({
      KeyId: keyId,
      ImportToken: token,
      EncryptedKeyMaterial: blob,
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    });
    await this.#client.send(command).catch((error: unknown) => {
      throw toFault(`KMS ImportKeyMaterial ${keyId}`, error);
    });
  }
}
