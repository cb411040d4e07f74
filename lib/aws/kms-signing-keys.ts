import { type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { userAgentOf } from '../audit/record-in-user-agent.ts';
import { Fault } from '../fault.ts';
import type { SigningAlgorithm } from '../signing/signing-algorithm.ts';
import type { SigningKeys } from '../signing/signing-keys.ts';
import { isThrottle, toFault } from './to-fault.ts';

/** KMS keys as `SigningKeys`: one call of Sign over a digest, and no other call. */
export class KmsSigningKeys implements SigningKeys {
  readonly #client: KMSClient;
  readonly #onThrottle: () => void;

  /** @param onThrottle called for each throttled attempt, including those that the SDK retries successfully */
  constructor(client: KMSClient, onThrottle: () => void = () => {}) {
    this.#client = client;
    this.#onThrottle = onThrottle;
  }

  /** Uses DIGEST: RAW is limited to 4096 bytes, which a TBSCertificate may exceed. */
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
    throw new Fault('unavailable', `KMS Sign ${keyId}: the response has no signature`);
  }
}

const USER_AGENT = 'user-agent';

/** Runs at the end of the build step, after the SDK sets its user agent and before retries: each attempt names the record once. */
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

/** Wraps the deserializer, which is inside the retries, so it sees the response to each attempt. */
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
