import { type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import type { SigningAlgorithm } from '../ca/signing-algorithm.ts';
import { Fault } from '../fault.ts';
import type { SigningKeys } from '../store/object-store.ts';
import { toFault } from './to-fault.ts';

/** KMS keys as `SigningKeys`: one Sign over a ready digest, and no other call. */
export class KmsSigningKeys implements SigningKeys {
  readonly #client: KMSClient;

  constructor(client: KMSClient) {
    this.#client = client;
  }

  /** DIGEST has no size limit; RAW takes 4096 bytes at most, which a TBSCertificate may exceed. */
  async sign(keyId: string, algorithm: SigningAlgorithm, digest: Uint8Array): Promise<Uint8Array> {
    const command = new SignCommand({
      KeyId: keyId,
      Message: digest,
      MessageType: 'DIGEST',
      SigningAlgorithm: algorithm.kms,
    });
    try {
      const { Signature } = await this.#client.send(command);
      if (Signature) return Signature;
    } catch (error) {
      throw toFault(`KMS Sign ${keyId}`, error);
    }
    throw new Fault('unavailable', `KMS Sign ${keyId}: an answer without a signature`);
  }
}
