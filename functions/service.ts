/** The only place where functions build the ports of the core. */
import { randomBytes } from 'node:crypto';
import { newS3Client } from '../lib/aws/clients.ts';
import { S3ObjectStore } from '../lib/aws/s3-object-store.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import type { Service } from '../lib/service.ts';
import type { SigningKeys } from '../lib/signing/signing-keys.ts';
import { parseTrustDomainRules } from '../lib/trust-domain-rules.ts';
import { optional, required } from './environment.ts';

/** Nothing is sent, and no credentials are looked up, before the first call. */
export function serviceFromEnvironment(keys: SigningKeys): Service {
  const s3 = newS3Client();
  return {
    exchange: new S3ObjectStore(s3, required(ENVIRONMENT.exchangeBucket)),
    authority: new S3ObjectStore(s3, required(ENVIRONMENT.authorityBucket)),
    keys,
    rules: parseTrustDomainRules(optional(ENVIRONMENT.trustDomainRules)),
    now: () => new Date(),
    randomBytes,
  };
}
