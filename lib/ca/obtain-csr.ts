/** Records a CSR and has KMS sign it with the key of a CA version. The same CSR is recorded, signed and stored once. */
import { bufferOf } from '../bytes.ts';
import {
  type CaCsrName,
  type CaCsrRecord,
  caCsrKey,
  caCsrRecordKey,
} from '../contract/ca-csr-record.ts';
import type { CaVersionName } from '../contract/ca-record.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE } from '../store/documents.ts';
import { type CaKey, caKeyObject, keyOf } from './ca-keys.ts';
import { isSoundCsrRecord, readCsrRecord } from './csr-record.ts';
import {
  assembleCsr,
  requestDigest,
  writeRenewalRequestInfo,
  writeRequestInfo,
} from './draft-csr.ts';
import { signRecorded, storeOnce } from './record-version.ts';
import type { CertificateRequest } from './trust-domain-request.ts';

export interface CsrContents {
  readonly commonName: string;
  /** DER of the certificate that is to be renewed: the CSR is for its subject and key identifier. */
  readonly renews?: Uint8Array;
}

export async function obtainCsr(
  service: Service,
  version: CaVersionName,
  key: CaKey,
  contents: CsrContents,
): Promise<CertificateRequest> {
  const draft = draftRecord(service, version, key, contents);
  const request = Buffer.from(draft.request, 'base64');
  const name: CaCsrName = { ...version, sha256: requestDigest(request) };
  const record = soundOnly(
    (await readCsrRecord(service, name)) ?? (await recordCsr(service, name, draft)),
    name,
    key,
  );
  const csr = await storeOnce(service, caCsrKey(name), async () => {
    const publicKey = caKeyObject(keyOf(record));
    const recordKey = caCsrRecordKey(name);
    const signature = await signRecorded(service, record, recordKey, request, publicKey);
    return assembleCsr(request, record.keySpec, signature);
  });
  return { keyId: record.keyId, keySpec: record.keySpec, csr };
}

/** A CSR that its common name determines has the same record, whether or not the CA has a certificate already. */
function draftRecord(
  service: Service,
  { trustDomain, ca, version }: CaVersionName,
  { keyId, keySpec, publicKey }: CaKey,
  { commonName, renews }: CsrContents,
): CaCsrRecord {
  const usual = writeRequestInfo(commonName, publicKey);
  const request = renews === undefined ? usual : writeRenewalRequestInfo(renews);
  const isUsual = bufferOf(request).equals(usual);
  return {
    trustDomain,
    ca,
    version,
    keyId,
    keySpec,
    publicKey: Buffer.from(publicKey).toString('base64'),
    decidedAt: service.now().toISOString(),
    commonName,
    ...(renews !== undefined && !isUsual && { renews: Buffer.from(renews).toString('base64') }),
    request: Buffer.from(request).toString('base64'),
  };
}

async function recordCsr(
  service: Service,
  name: CaCsrName,
  record: CaCsrRecord,
): Promise<CaCsrRecord> {
  const key = caCsrRecordKey(name);
  await service.authority.create(key, formatDocument(record), JSON_TYPE);
  const winner = await readCsrRecord(service, name);
  if (!winner) throw new Fault('unavailable', `${key}: written, but cannot be read`);
  return winner;
}

/** Only this CSR is signed, and only with this key, even if the record is forged. */
function soundOnly(record: CaCsrRecord, name: CaCsrName, key: CaKey): CaCsrRecord {
  const isSame =
    record.keySpec === key.keySpec &&
    record.keyId === key.keyId &&
    bufferOf(key.publicKey).equals(Buffer.from(record.publicKey, 'base64'));
  if (isSame && isSoundCsrRecord(record, name)) return record;
  throw new Fault('document-malformed', `${caCsrRecordKey(name)}: not the record of this CSR`);
}
