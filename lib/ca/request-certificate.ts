/**
 * Signs CSRs with the keys of CAs, so that an outside CA can issue their certificates. A CSR is recorded before KMS is
 * called, and the same request returns the same one. No CA exists before its certificate is imported.
 */
import { bufferOf } from '../bytes.ts';
import {
  type CaCsrName,
  type CaCsrRecord,
  caCsrKey,
  caCsrRecordKey,
} from '../contract/ca-csr-record.ts';
import { type CaVersionName, caRecordKey, FIRST_CA_VERSION } from '../contract/ca-record.ts';
import {
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import { type CaKey, type CaKeys, caKeyObject, keyOf } from './ca-keys.ts';
import { claimKeys, DEFAULT_KEY_SPEC } from './choose-keys.ts';
import { CA_COMMON_NAMES } from './common-names.ts';
import { isSoundCsrRecord, readCsrRecord } from './csr-record.ts';
import { assembleCsr, requestDigest, writeRequestInfo } from './draft-csr.ts';
import { readCaRecord, signRecorded, storeOnce } from './record-version.ts';
import { refuseFor } from './refuse-for.ts';
import type {
  CaToCertify,
  CertificateRequest,
  RequestCertificateRequest,
  RequestedCertificates,
} from './trust-domain-request.ts';

/** @throws Fault request-malformed if one of the CAs exists, or cannot have such a CSR, with all reasons */
export async function requestCertificates(
  service: Service,
  caKeys: CaKeys,
  request: RequestCertificateRequest,
): Promise<RequestedCertificates> {
  const { trustDomain } = request;
  const key = trustDomainKey(trustDomain);
  const document = await readDocument(service.authority, key, trustDomainSchema);
  const asked = CA_NAMES.flatMap((ca): [CaName, CaToCertify][] => {
    const given = request.cas[ca];
    return given ? [[ca, given]] : [];
  });
  await refuseExisting(service, trustDomain, document, asked);
  const found: { ca: CaName; key: CaKey; commonName: string }[] = [];
  for (const [ca, { keyId, commonName = CA_COMMON_NAMES[ca] }] of asked) {
    const name = { trustDomain, ca, version: FIRST_CA_VERSION };
    found.push({ ca, commonName, key: await findKey(caKeys, name, keyId, request.keySpec) });
  }
  await claimKeys(service, trustDomain, FIRST_CA_VERSION, found);
  const cas: Partial<Record<CaName, CertificateRequest>> = {};
  for (const { ca, commonName, key: caKey } of found)
    cas[ca] = await obtainCsr(
      service,
      { trustDomain, ca, version: FIRST_CA_VERSION },
      caKey,
      commonName,
    );
  return { trustDomain, cas };
}

async function refuseExisting(
  service: Service,
  trustDomain: string,
  document: TrustDomainDocument | undefined,
  asked: readonly [CaName, CaToCertify][],
): Promise<void> {
  const problems: string[] = [];
  for (const [ca, { commonName }] of asked) {
    const name = { trustDomain, ca, version: FIRST_CA_VERSION };
    const other = CA_NAMES.find((known) => known !== ca && CA_COMMON_NAMES[known] === commonName);
    if (other)
      problems.push(`${ca}: CN=${commonName} is the name of another CA, kubeadm's of ${other}`);
    if (document?.cas[ca])
      problems.push(
        `${ca}: trust domain ${trustDomain} already has it: existing CAs are not changed`,
      );
    else if (await readCaRecord(service, name))
      problems.push(
        `${ca}: it is being created, adopted or imported (${caRecordKey(name)}): finish that instead`,
      );
  }
  refuseFor(problems);
}

async function findKey(
  caKeys: CaKeys,
  name: CaVersionName,
  keyId: string | undefined,
  keySpec: RequestCertificateRequest['keySpec'],
): Promise<CaKey> {
  const key = await (keyId === undefined
    ? caKeys.ensure(name, keySpec ?? DEFAULT_KEY_SPEC)
    : caKeys.findMade(keyId, name));
  if (keySpec === undefined || keyId !== undefined || key.keySpec === keySpec) return key;
  throw new Fault(
    'request-malformed',
    `${name.ca}: its key ${key.keyId} is a ${key.keySpec} key, not ${keySpec}`,
  );
}

/** Of repeated and racing calls for the same name and key, all get the same CSR. */
export async function obtainCsr(
  service: Service,
  version: CaVersionName,
  key: CaKey,
  commonName: string,
): Promise<CertificateRequest> {
  const request = writeRequestInfo(commonName, key.publicKey);
  const name: CaCsrName = { ...version, sha256: requestDigest(request) };
  const record = soundOnly(
    (await readCsrRecord(service, name)) ??
      (await recordCsr(service, name, draftRecord(service, version, key, commonName, request))),
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

function draftRecord(
  service: Service,
  { trustDomain, ca, version }: CaVersionName,
  { keyId, keySpec, publicKey }: CaKey,
  commonName: string,
  request: Uint8Array,
): CaCsrRecord {
  return {
    trustDomain,
    ca,
    version,
    keyId,
    keySpec,
    publicKey: Buffer.from(publicKey).toString('base64'),
    decidedAt: service.now().toISOString(),
    commonName,
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
