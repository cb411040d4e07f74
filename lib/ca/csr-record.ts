/** The records of CSRs that are signed with the keys of CAs. */
import { bufferOf } from '../bytes.ts';
import {
  type CaCsrName,
  type CaCsrRecord,
  caCsrRecordKey,
  caCsrRecordSchema,
} from '../contract/ca-csr-record.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import { requestDigest, writeRequestInfo } from './draft-csr.ts';

export const readCsrRecord = (
  { authority }: Pick<Service, 'authority'>,
  name: CaCsrName,
): Promise<CaCsrRecord | undefined> =>
  readDocument(authority, caCsrRecordKey(name), caCsrRecordSchema);

/** Whether a record, under its key, has the CSR of its common name and public key: nothing else is signed. */
export function isSoundCsrRecord(record: CaCsrRecord, name: CaCsrName): boolean {
  const request = Buffer.from(record.request, 'base64');
  const { trustDomain, ca, version, commonName, publicKey } = record;
  return (
    caCsrRecordKey({ trustDomain, ca, version, sha256: requestDigest(request) }) ===
      caCsrRecordKey(name) &&
    bufferOf(writeRequestInfo(commonName, Buffer.from(publicKey, 'base64'))).equals(request)
  );
}
