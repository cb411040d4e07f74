import { type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { userAgentOf } from '../audit/record-in-user-agent.ts';
import { Fault } from '../fault.ts';
import type { SigningAlgorithm } from '../signing/signing-algorithm.ts';
import type { SigningKeys } from '../signing/signing-keys.ts';
import { isThrottle, toFault } from './to-fault.ts';

/** KMS keys as `SigningKeys`: one Sign over a ready digest, and no other call. */
export class KmsSigningKeys implements SigningKeys {
  readonly #client: KMSClient;
  readonly #onThrottle: () => void;

  /** @param onThrottle called for each answer that KMS is asked too often, also where the SDK's next try succeeds */
  constructor(client: KMSClient, onThrottle: () => void = () => {}) {
    this.#client = client;
    this.#onThrottle = onThrottle;
  }

  /** DIGEST has no size limit; RAW takes 4096 bytes at most, which a TBSCertificate may exceed. */
  async sign(
    keyId: string,
    algorithm: SigningAlgorithm,
    digest: Uint8Array,
    recordKey: string,
  ): Promise<Uint8Array> {
    const command = new SignCommand({
      KeyId: keyId,
      Message: digest,
      MessageType: 'DIGEST',
      SigningAlgorithm: algorithm.kms,
    });
    nameRecord(command, recordKey);
    watchThrottles(command, this.#onThrottle);
    try {
      const { Signature } = await this.#client.send(command);
      if (Signature) return Signature;
    } catch (error) {
      throw toFault(`KMS Sign ${keyId}`, error);
    }
    throw new Fault('unavailable', `KMS Sign ${keyId}: an answer without a signature`);
  }
}

const USER_AGENT = 'user-agent';

/** At the end of building the request, behind the SDK's own user agent and before the retries: all tries of a call name the record, once. */
function nameRecord({ middlewareStack }: SignCommand, recordKey: string): void {
  const product = userAgentOf(recordKey);
  middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers[USER_AGENT] = `${product} ${headers[USER_AGENT] ?? ''}`.trimEnd();
      return next(args);
    },
    { name: 'nameRecord', step: 'build', priority: 'low' },
  );
}

/** Around what reads one answer, so inside the retries: sees the answer to each try. */
function watchThrottles({ middlewareStack }: SignCommand, onThrottle: () => void): void {
  middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (isThrottle(error)) onThrottle();
        throw error;
      }
    },
    { name: 'watchThrottles', step: 'deserialize', priority: 'high' },
  );
}
