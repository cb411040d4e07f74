/** The only place where functions build the ports of the core. */
import { randomBytes } from 'node:crypto';
import { newKmsClient, newS3Client } from '../lib/aws/clients.ts';
import { KmsSigningKeys } from '../lib/aws/kms-signing-keys.ts';
import { S3ObjectStore } from '../lib/aws/s3-object-store.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import type { Service } from '../lib/service.ts';
import { parseTrustDomainRules } from '../lib/trust-domain-rules.ts';
import { optional, required } from './environment.ts';

/**
 * @param kms for functions that also use the client for calls other than Sign
 * @param onThrottle called for each throttling error of KMS
 */
export function serviceFromEnvironment(kms = newKmsClient(), onThrottle?: () => void): Service {
  const s3 = newS3Client();
  return {
    exchange: new S3ObjectStore(s3, required(ENVIRONMENT.exchangeBucket)),
    authority: new S3ObjectStore(s3, required(ENVIRONMENT.authorityBucket)),
    keys: new KmsSigningKeys(kms, onThrottle),
    rules: parseTrustDomainRules(optional(ENVIRONMENT.trustDomainRules)),
    now: () => new Date(),
    randomBytes,
  };
}
