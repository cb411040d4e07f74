/** The decision records of issued requests of the certificates API. */
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { type DecisionRecord, requestKeyOfRecord } from '../../../lib/contract/decision-record.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';

export interface LedgerRecord {
  readonly key: string;
  readonly serial: string;
  readonly ca: string;
}

/** @param prefix below `records/`, such as `prod/csr/` */
export async function recordsBelow(
  service: CakelessService,
  prefix: string,
): Promise<LedgerRecord[]> {
  const environment = service.environment('administrator');
  const s3 = new S3Client({
    endpoint: environment.AWS_ENDPOINT_URL as string,
    region: environment.AWS_REGION as string,
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID as string,
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY as string,
    },
  });
  const Bucket = environment.CAKELESS_AUTHORITY_BUCKET as string;
  const records: LedgerRecord[] = [];
  for (const Key of await keysBelow(s3, Bucket, `records/${prefix}`)) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const record: DecisionRecord = JSON.parse((await Body?.transformToString()) as string);
    if (record.decision === 'issue')
      records.push({
        key: Key.slice('records/'.length),
        serial: record.certificate.serialNumber,
        ca: record.ca,
      });
  }
  s3.destroy();
  return records;
}

/** Without the certificates next to the records. */
async function keysBelow(s3: S3Client, Bucket: string, Prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix }))
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key as string));
  return keys.filter((key) => requestKeyOfRecord(key) !== undefined);
}
