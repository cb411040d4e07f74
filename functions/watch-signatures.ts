/** Lambda entry: reads CloudTrail's events of KMS Sign, and reports each signature with a CA key that has no record. */
import { CaKeyList } from '../lib/audit/ca-key-list.ts';
import { newS3Client } from '../lib/aws/clients.ts';
import { S3ObjectStore } from '../lib/aws/s3-object-store.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { parseTrustDomainRules } from '../lib/trust-domain-rules.ts';
import { optional, required } from './environment.ts';
import { newReporter } from './report.ts';
import { newWatchSignaturesHandler } from './watch-signatures-handler.ts';

const s3 = newS3Client();
const authority = new S3ObjectStore(s3, required(ENVIRONMENT.authorityBucket));
const deps = {
  authority,
  exchange: new S3ObjectStore(s3, required(ENVIRONMENT.exchangeBucket)),
  rules: parseTrustDomainRules(optional(ENVIRONMENT.trustDomainRules)),
  now: () => new Date(),
  caKeys: new CaKeyList(authority, () => new Date()),
  roles: {
    sign: required(ENVIRONMENT.signRoleArn),
    createCa: required(ENVIRONMENT.createCaRoleArn),
  },
};

export const handler = newWatchSignaturesHandler(deps, newReporter('watch-signatures'));
