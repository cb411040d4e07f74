/** The decision records of requests of the certificates API. */
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { CakelessService } from '../harness/cakeless-service.ts';

export interface LedgerRecord {
  readonly key: string;
  readonly serial: string;
}

/** @param prefix below `records/`, such as `prod/csr/` */
export async function recordsBelow(
  service: CakelessService,
  prefix: string,
): Promise<LedgerRecord[]> {
  const environment = service.environment('administrator');
  const s3 = new S3Client({
    endpoint: environment.AWS_ENDPOINT_URL ?? '',
    region: environment.AWS_REGION ?? '',
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
  const Bucket = environment.CAKELESS_AUTHORITY_BUCKET ?? '';
  const records: LedgerRecord[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: `records/${prefix}`, ContinuationToken }),
    );
    for (const { Key = '' } of page.Contents ?? []) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const { serial } = JSON.parse((await Body?.transformToString()) ?? '{}');
      records.push({ key: Key.slice('records/'.length), serial });
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  s3.destroy();
  return records;
}
