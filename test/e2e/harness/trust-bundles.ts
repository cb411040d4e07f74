/** The CA certificates that the service publishes, read with the AWS SDK as `aws s3 cp` reads them. */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { BUNDLE_PATHS } from '../../../lib/contract/trust-domain.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { Environment } from '../../support/running-service-process.ts';

export interface TrustBundle {
  readonly ca: CaName;
  /** Below the trust domain in the bucket, and below the pki folder of a node. */
  readonly path: string;
  readonly pem: string;
}

/** @param environment of a principal that may read them: a node, the administrator */
export async function readTrustBundles(
  environment: Environment,
  trustDomain: string,
): Promise<TrustBundle[]> {
  const s3 = new S3Client({
    endpoint: environment.AWS_ENDPOINT_URL ?? '',
    region: environment.AWS_REGION ?? '',
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
  const bundles: TrustBundle[] = [];
  for (const [ca, path] of Object.entries(BUNDLE_PATHS)) {
    const Key = `trust/${trustDomain}/${path}`;
    const Bucket = environment.CAKELESS_EXCHANGE_BUCKET ?? '';
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const pem = (await Body?.transformToString()) ?? '';
    bundles.push({ ca: ca as TrustBundle['ca'], path, pem });
  }
  s3.destroy();
  return bundles;
}
