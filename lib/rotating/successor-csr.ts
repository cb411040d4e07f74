/**
 * The CSR for a new version of a CA that is to be below another CA: its key is found and claimed, the CSR is recorded, and KMS
 * signs it. No CA changes by that: a CSR is not a certificate.
 */
import { type CaKey, type CaKeys, keyOf } from '../ca/ca-keys.ts';
import { ofSpecOnly } from '../ca/choose-keys.ts';
import { isSoundCsrRecord, readCsrRecord } from '../ca/csr-record.ts';
import { obtainCsr } from '../ca/obtain-csr.ts';
import type { CertificateRequest } from '../ca/trust-domain-request.ts';
import { type CaCsrRecord, caCsrPrefix, parseCaCsrRecordKey } from '../contract/ca-csr-record.ts';
import type { CaVersionName } from '../contract/ca-record.ts';
import { readSubject } from '../csr/subject.ts';
import { readDer } from '../der/read.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';
import { claimNewKey } from './new-key.ts';

/** Racing calls that name different keys leave more than one. */
const MOST_OBJECTS = 20;

/** The CSRs of a version, in the order of their keys in the bucket. */
export async function readCsrs(
  { authority }: Pick<Service, 'authority'>,
  version: CaVersionName,
): Promise<CaCsrRecord[]> {
  const records: CaCsrRecord[] = [];
  let seen = 0;
  for await (const { key } of authority.list(caCsrPrefix(version))) {
    seen += 1;
    if (seen > MOST_OBJECTS) break;
    const name = parseCaCsrRecordKey(key);
    const record = name && (await readCsrRecord({ authority }, name));
    if (name && record && isSoundCsrRecord(record, name)) records.push(record);
  }
  return records;
}

export interface WantedCsr {
  readonly name: CaVersionName;
  /** Of the version before, in DER. */
  readonly subject: Uint8Array;
  /** Of a new key, unless the operator asks for another one. */
  readonly keySpec: CaKeySpec;
}

/** What the operator asks for, if it is not the default. */
export interface AskedKey {
  readonly keyId?: string;
  readonly keySpec?: CaKeySpec;
}

/** @throws Fault request-malformed if another CSR is recorded */
export async function requestSuccessor(
  service: Service,
  caKeys: CaKeys,
  { name, subject, keySpec }: WantedCsr,
  asked: AskedKey,
): Promise<CertificateRequest> {
  const [known] = await readCsrs(service, name);
  const commonName = known?.commonName ?? commonNameIn(name, subject);
  const key = known
    ? await sameOnly(caKeys, known, asked)
    : await claimKey(service, caKeys, name, keySpec, asked);
  return obtainCsr(service, name, key, { commonName });
}

async function claimKey(
  service: Service,
  caKeys: CaKeys,
  name: CaVersionName,
  defaultSpec: CaKeySpec,
  { keyId, keySpec = defaultSpec }: AskedKey,
): Promise<CaKey> {
  const key = await claimNewKey(service, caKeys, name, { keyId, keySpec });
  return keyId === undefined ? ofSpecOnly(name, key, keySpec) : key;
}

/** The outside CA may be issuing the certificate already, so the key stays. */
export async function sameOnly(
  caKeys: CaKeys,
  record: Pick<CaCsrRecord, keyof CaVersionName | keyof CaKey>,
  { keyId, keySpec }: AskedKey,
): Promise<CaKey> {
  const named = keyId === undefined ? undefined : await caKeys.findMade(keyId, record);
  const isOther =
    (named && named.keyId !== record.keyId) ||
    (keySpec !== undefined && keySpec !== record.keySpec);
  if (!isOther) return keyOf(record);
  throw new Fault(
    'request-malformed',
    `version ${record.version} of ${record.ca} of trust domain ${record.trustDomain} has the ${record.keySpec} key ${record.keyId}, for which a certificate is requested: repeat the command without the options that differ, or abandon the request with --new-draft ${record.version}`,
  );
}

/** As in the CSR of the version before. Whatever else the outside CA put into its subject, it does again. */
function commonNameIn({ ca, version }: CaVersionName, subject: Uint8Array): string {
  const { commonName } = readSubject(readDer(subject, 'subject')).subject;
  if (commonName !== '') return commonName;
  throw new Fault(
    'request-malformed',
    `${ca}: the subject of version ${version - 1} has no common name that a CSR could have`,
  );
}
