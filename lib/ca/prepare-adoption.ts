/**
 * Everything about the adoption of CAs that can be said without changing an object: the certificates are linted, the
 * trust domain must not have other CAs, and each CA has a KMS key of the right kind, with the right key material or none.
 */
import { X509Certificate } from 'node:crypto';
import { bufferOf } from '../bytes.ts';
import { caCsrPrefix } from '../contract/ca-csr-record.ts';
import { type CaRecord, caRecordKey, FIRST_CA_VERSION } from '../contract/ca-record.ts';
import {
  originOf,
  signingVersionOf,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import type { CaKey, CaKeys, ImportableKey } from './ca-keys.ts';
import { isRequested } from './is-requested.ts';
import { type GivenCertificate, readGivenCertificates } from './read-given-certificates.ts';
import { readCaRecord } from './record-version.ts';
import { refuseFor } from './refuse-for.ts';
import type {
  AdoptRequest,
  CaFinding,
  PrepareAdoptionRequest,
  PreparedAdoption,
  PreparedCa,
} from './trust-domain-request.ts';

/** @throws Fault request-malformed if one of the CAs cannot be adopted, with all reasons */
export async function prepareAdoption(
  service: Service,
  caKeys: CaKeys,
  request: PrepareAdoptionRequest,
): Promise<PreparedAdoption> {
  const { trustDomain } = request;
  const key = trustDomainKey(trustDomain);
  const document = await readDocument(service.authority, key, trustDomainSchema);
  const { cas, findings } = await examineCas(service, caKeys, request, document);
  const prepared = cas.map(({ ca, state, keyId, keySpec }): [string, PreparedCa] => [
    ca,
    { keyId, keySpec, state },
  ]);
  return { trustDomain, cas: Object.fromEntries(prepared), findings };
}

/** A CA that can be adopted, or that has been. */
export interface ExaminedCa extends GivenCertificate {
  /** Key ARN. */
  readonly keyId: string;
  readonly state: PreparedCa['state'];
  /** Unless the import is pending: its public key is the certificate's. */
  readonly key: CaKey | undefined;
}

export interface Examined {
  readonly cas: readonly ExaminedCa[];
  readonly findings: readonly CaFinding[];
}

/** @throws Fault request-malformed as `prepareAdoption` */
export async function examineCas(
  service: Service,
  caKeys: CaKeys,
  { trustDomain, cas: given }: PrepareAdoptionRequest | AdoptRequest,
  document: TrustDomainDocument | undefined,
): Promise<Examined> {
  const { certificates, findings } = readGivenCertificates(given, service.now());
  const problems = findings.filter(({ level }) => level === 'refuses').map(describe);
  if (!document && !given.ca)
    problems.push(
      `trust domain ${trustDomain} does not exist, and a new one must have ca: adopt ca, too`,
    );
  refuseFor(problems);
  const cas: ExaminedCa[] = [];
  for (const certificate of certificates) {
    const examined = await examineCa(service, caKeys, trustDomain, document, certificate);
    if (typeof examined === 'string') problems.push(`${certificate.ca}: ${examined}`);
    else cas.push(examined);
  }
  refuseFor(problems);
  return { cas, findings };
}

const describe = ({ ca, text }: CaFinding): string => `${ca}: the certificate ${text}`;

/** @returns the CA, or why it cannot be adopted */
async function examineCa(
  service: Service,
  caKeys: CaKeys,
  trustDomain: string,
  document: TrustDomainDocument | undefined,
  given: GivenCertificate,
): Promise<ExaminedCa | string> {
  const { ca } = given;
  const known = document?.cas[ca];
  if (known) {
    const version = signingVersionOf(ca, known);
    const isSame = bufferOf(new X509Certificate(version.certificate).raw).equals(given.der);
    if (originOf(version) !== 'adopted' || !isSame)
      return `trust domain ${trustDomain} already has it, with another certificate or key: existing CAs are not changed`;
    return { ...given, keyId: version.keyId, state: 'adopted', key: undefined };
  }
  // an interrupted call may have left the record of something else
  const name = { trustDomain, ca, version: FIRST_CA_VERSION };
  const record = await readCaRecord(service, name);
  if (!record && (await isRequested(service, name)))
    return `a certificate was requested for its key (${caCsrPrefix(name)}): import that instead of adopting it`;
  const other = record && describeOther(record, given.der);
  if (other !== undefined) return other;
  const examined = await examineKey(caKeys, trustDomain, given);
  if (typeof examined === 'string' || !record || record.keyId === examined.keyId) return examined;
  return `it is being adopted with the key ${record.keyId} (${caRecordKey(record)}): name that one instead of ${examined.keyId}`;
}

/** Why a record is not that of this adoption. */
function describeOther(record: CaRecord, der: Uint8Array): string | undefined {
  if (record.origin !== 'adopted')
    return `it is being created (${caRecordKey(record)}): finish that instead of adopting it`;
  return Buffer.from(record.certificate, 'base64').equals(der)
    ? undefined
    : `it is being adopted with another certificate (${caRecordKey(record)})`;
}

async function examineKey(
  caKeys: CaKeys,
  trustDomain: string,
  given: GivenCertificate,
): Promise<ExaminedCa | string> {
  const { ca, keySpec, publicKey } = given;
  const found = await findImportable(caKeys, trustDomain, given);
  const { keyId } = found;
  if (found.keySpec !== keySpec)
    return `${keyId} is a ${found.keySpec} key, and the certificate has a key for ${keySpec}: the key of ${ca} must be declared with that key spec`;
  if (found.state === 'pending-import')
    return { ...given, keyId, state: found.state, key: undefined };
  const { state, ...key } = found;
  if (!bufferOf(key.publicKey).equals(publicKey))
    return `${keyId} does not have the key of the certificate: another key was imported`;
  return { ...given, keyId, state, key };
}

const findImportable = (
  caKeys: CaKeys,
  trustDomain: string,
  { ca, keyId, keySpec }: GivenCertificate,
): Promise<ImportableKey> => {
  const name = { trustDomain, ca, version: FIRST_CA_VERSION };
  return keyId === undefined
    ? caKeys.ensureImportable(name, keySpec)
    : caKeys.importState(keyId, name);
};
