/** Lambda entry: reads CloudTrail's events of KMS Sign, and reports each signature with a CA key that has no record. */
import { CaKeyList } from '../lib/audit/ca-key-list.ts';
import { newS3Client } from '../lib/aws/clients.ts';
import { S3ObjectStore } from '../lib/aws/s3-object-store.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { required } from './environment.ts';
import { newReporter } from './report.ts';
import { newWatchSignaturesHandler } from './watch-signatures-handler.ts';

const authority = new S3ObjectStore(newS3Client(), required(ENVIRONMENT.authorityBucket));
const deps = {
  authority,
  caKeys: new CaKeyList(authority, () => new Date()),
  roles: {
    sign: required(ENVIRONMENT.signRoleArn),
    createCa: required(ENVIRONMENT.createCaRoleArn),
  },
};

export const handler = newWatchSignaturesHandler(deps, newReporter('watch-signatures'));
