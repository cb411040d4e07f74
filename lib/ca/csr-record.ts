/** The records of CSRs that are signed with the keys of CAs. */
import {
  type CaCsrName,
  type CaCsrRecord,
  caCsrRecordKey,
  caCsrRecordSchema,
} from '../contract/ca-csr-record.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import { requestDigest, writeRenewalRequestInfo, writeRequestInfo } from './draft-csr.ts';
import { publicKeyOf } from './renewal-record.ts';

export const readCsrRecord = (
  { authority }: Pick<Service, 'authority'>,
  name: CaCsrName,
): Promise<CaCsrRecord | undefined> =>
  readDocument(authority, caCsrRecordKey(name), caCsrRecordSchema);

/**
 * Whether a record, under its key, has the CSR of its common name and public key, or of the certificate that it renews:
 * nothing else is signed.
 */
export function isSoundCsrRecord(record: CaCsrRecord, name: CaCsrName): boolean {
  const request = Buffer.from(record.request, 'base64');
  const { trustDomain, ca, version } = record;
  return (
    caCsrRecordKey({ trustDomain, ca, version, sha256: requestDigest(request) }) ===
      caCsrRecordKey(name) && request.equals(drawUp(record))
  );
}

function drawUp({ commonName, publicKey, renews }: CaCsrRecord): Uint8Array {
  const spki = Buffer.from(publicKey, 'base64');
  if (renews === undefined) return writeRequestInfo(commonName, spki);
  try {
    const certificate = Buffer.from(renews, 'base64');
    return publicKeyOf(certificate).equals(spki)
      ? writeRenewalRequestInfo(certificate)
      : new Uint8Array();
  } catch {
    return new Uint8Array(); // not a certificate
  }
}
