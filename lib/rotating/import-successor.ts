/**
 * Imports the certificate that an outside CA has issued for the key of a new CA version, before its rotation starts. It is
 * linted as that of the first version, and recorded with its chain; the first one counts. Nothing trusts it yet, and nothing
 * is published: that needs the approval of a plan that names it.
 */
import { X509Certificate } from 'node:crypto';
import { bufferOf, toBase64 } from '../bytes.ts';
import { type CaKeys, keyOf } from '../ca/ca-keys.ts';
import { claimKeys } from '../ca/choose-keys.ts';
import { lintSubordinate } from '../ca/lint-subordinate.ts';
import { readSubordinate, type SubordinateCertificate } from '../ca/read-subordinate.ts';
import { readCaRecord } from '../ca/record-version.ts';
import { refusalsIn, refuseFor } from '../ca/refuse-for.ts';
import { isRecordOf, takenFrom, takeVersion } from '../ca/take-version.ts';
import type {
  CaFinding,
  CaToImport,
  ImportCertificateRequest,
} from '../ca/trust-domain-request.ts';
import { certificateToPem } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read-certificate.ts';
import type { CaCsrRecord } from '../contract/ca-csr-record.ts';
import { type CaVersionName, caRecordKey } from '../contract/ca-record.ts';
import {
  type CaVersion,
  type CaVersions,
  signingVersionOf,
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import { DerError } from '../der/read.ts';
import { Fault } from '../fault.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import { lintSuccessor } from './lint-successor.ts';
import { nextVersionOf } from './phases.ts';
import { readCsrs } from './successor-csr.ts';

/** A version that a rotation can start with, or has started with. */
export interface ImportedSuccessor {
  readonly document: TrustDomainDocument;
  readonly name: CaVersionName;
  /** PEM. */
  readonly certificate: string;
  /** What is unusual about it. */
  readonly warnings: readonly CaFinding[];
}

/** One CA of a request. */
interface Asked {
  readonly document: TrustDomainDocument;
  readonly name: CaVersionName;
  readonly versions: CaVersions;
  readonly given: CaToImport;
  /** The certificate, or why it cannot be read. */
  readonly read: SubordinateCertificate | string;
  /** What has been requested for the new version. */
  readonly csrs: readonly CaCsrRecord[];
}

/**
 * @returns undefined if the request is about no new version of an existing CA. A dry run returns what would be imported
 * @throws Fault request-malformed if the certificate cannot be that of the new version, with all reasons
 */
export async function importSuccessor(
  service: Service,
  caKeys: CaKeys,
  { trustDomain, cas, dryRun = false }: ImportCertificateRequest,
): Promise<ImportedSuccessor | undefined> {
  const { authority } = service;
  const document = await readDocument(authority, trustDomainKey(trustDomain), trustDomainSchema);
  if (!document) return undefined;
  const given = CA_NAMES.flatMap((ca) => (cas[ca] ? [[ca, cas[ca]] as const] : []));
  for (const [ca, one] of given) {
    const asked = await findAsked(service, document, ca, one);
    if (!asked) continue;
    if (given.length > 1)
      throw new Fault(
        'request-malformed',
        `${ca}: version ${asked.name.version} is waiting for its certificate: import that one alone`,
      );
    const started = startedWith(asked);
    return started ?? importOne(service, caKeys, asked, dryRun);
  }
  return undefined;
}

/** undefined if the certificate is for the key that signs now, or if no other version is known. */
async function findAsked(
  service: Service,
  document: TrustDomainDocument,
  ca: CaName,
  given: CaToImport,
): Promise<Asked | undefined> {
  const versions = document.cas[ca];
  if (!versions) return undefined;
  const { trustDomain } = document;
  const name = { trustDomain, ca, version: nextVersionOf(versions) };
  const csrs = await readCsrs(service, name);
  const read = readSubordinate(given);
  const asked = { document, name, versions, given, read, csrs };
  if (typeof read !== 'string' && isForKeyOf(read.certificate, signingVersionOf(ca, versions)))
    return undefined;
  return csrs.length > 0 || startedWith(asked) ? asked : undefined;
}

const isForKeyOf = (certificate: Uint8Array, version: CaVersion): boolean =>
  keyIn(certificate) === keyIn(new X509Certificate(version.certificate).raw);

/** SubjectPublicKeyInfo in base64; undefined if it cannot be read, which the lint says. */
function keyIn(certificate: Uint8Array): string | undefined {
  try {
    return toBase64(readCertificate(certificate).publicKey.raw);
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** A repeated import, after the rotation has started. @throws Fault request-malformed if that is over */
function startedWith({ document, name, versions, read }: Asked): ImportedSuccessor | undefined {
  if (typeof read === 'string') return undefined;
  const taken = takenFrom(read);
  const known = versions.versions.find(
    ({ version, certificate, chain, endedAt }) =>
      // in a rotation, the old version is one that nodes trust, and no new one
      (version > versions.signing || endedAt !== undefined) &&
      taken.chain === chain &&
      bufferOf(taken.certificate).equals(new X509Certificate(certificate).raw),
  );
  if (!known) return undefined;
  const { version, certificate, endedAt } = known;
  if (endedAt === undefined)
    return { document, name: { ...name, version }, certificate, warnings: [] };
  throw new Fault(
    'request-malformed',
    `${name.ca}: this is the certificate of version ${version}, which ended at ${endedAt}: a new version needs a certificate for another key (cakeless trust-domain csr ${name.trustDomain} --ca ${name.ca} --successor)`,
  );
}

async function importOne(
  service: Service,
  caKeys: CaKeys,
  { document, name, given, read, csrs, versions }: Asked,
  dryRun: boolean,
): Promise<ImportedSuccessor> {
  const { ca, version, trustDomain } = name;
  const about = (text: string) => `${ca}, version ${version}: ${text}`;
  if (typeof read === 'string')
    throw new Fault('request-malformed', about(`the certificate ${read}`));
  const taken = takenFrom(read);
  const csr = csrFor(taken.certificate, csrs);
  const publicKey = csr && Buffer.from(csr.publicKey, 'base64');
  const findings = [
    ...lintSubordinate(ca, { ...read, publicKey }, service.now()),
    ...lintSuccessor(ca, versions, taken.certificate),
  ];
  const record = await readCaRecord(service, name);
  refuseFor([
    ...refusalsIn(findings).map(about),
    ...(record && !isRecordOf(record, taken) ? [about(otherRecorded(name, record.origin))] : []),
  ]);
  if (!csr) throw new Fault('request-malformed', about('no CSR has the key of the certificate'));
  const key = keyOf(csr);
  if (given.keyId !== undefined) await sameKeyOnly(caKeys, name, given.keyId, csr);
  const warnings = findings.map((one) => ({ ca, ...one }));
  if (dryRun) return { document, name, certificate: certificateToPem(taken.certificate), warnings };
  await claimKeys(service, trustDomain, version, [{ ca, key }]);
  const { certificate } = await takeVersion(service, name, taken, key);
  return { document: await stillNextOnly(service, name), name, certificate, warnings };
}

/** The CSR of the certificate's key; the first one if it is for none, so that the lint says so. */
function csrFor(certificate: Uint8Array, csrs: readonly CaCsrRecord[]): CaCsrRecord | undefined {
  const key = keyIn(certificate);
  return csrs.find(({ publicKey }) => publicKey === key) ?? csrs[0];
}

const newDraft = ({ trustDomain, ca, version }: CaVersionName): string =>
  `cakeless trust-domain rotate ${trustDomain} --ca ${ca} --to trust --new-draft ${version}`;

const otherRecorded = (name: CaVersionName, origin: string | undefined): string =>
  origin === 'subordinate'
    ? `another certificate or chain is imported (${caRecordKey(name)}), and is never replaced: start the rotation with that one, or abandon it (${newDraft(name)}), and have a certificate issued for the CSR of the next version`
    : `it is drafted as its own root (${caRecordKey(name)}): abandon the draft, if it is not what you want (${newDraft(name)})`;

async function sameKeyOnly(
  caKeys: CaKeys,
  name: CaVersionName,
  keyId: string,
  csr: CaCsrRecord,
): Promise<void> {
  const named = await caKeys.findMade(keyId, name);
  if (named.keyId === csr.keyId) return;
  throw new Fault(
    'request-malformed',
    `${name.ca}: the certificate is for the key ${csr.keyId}, not for ${named.keyId}`,
  );
}

/** The rotation may have started since, and even have been canceled: then what was recorded now is useless. */
async function stillNextOnly(
  { authority }: Service,
  name: CaVersionName,
): Promise<TrustDomainDocument> {
  const { trustDomain, ca, version } = name;
  const document = await readDocument(authority, trustDomainKey(trustDomain), trustDomainSchema);
  const versions = document?.cas[ca];
  const known = versions?.versions.find((one) => one.version === version);
  const isOpen =
    versions && (known ? known.endedAt === undefined : nextVersionOf(versions) === version);
  if (document && isOpen) return document;
  throw new Fault(
    'request-malformed',
    `another change was faster: version ${version} of ${ca} of trust domain ${trustDomain} has ended, and its certificate is not used; a new version needs a certificate for another key`,
  );
}
