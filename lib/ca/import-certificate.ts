/**
 * Imports the certificates that an outside CA issued for the keys of CAs: the first one of a CA, or another one of a
 * subordinate CA, which renews it. Nothing is written unless each is for the KMS key of its CA, and passes the lint. As for a
 * CA that is adopted, KMS proves that it has the key, and a call that is repeated, raced or interrupted finishes what is
 * recorded.
 */
import { certificateToPem } from '../certificate/pem.ts';
import { FIRST_CA_VERSION } from '../contract/ca-record.ts';
import {
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../contract/trust-domain.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import { addCas, type CreatedTrustDomain, type NewCas } from './add-cas.ts';
import type { CaKeys } from './ca-keys.ts';
import { claimKeys } from './choose-keys.ts';
import { type ExaminedSubordinate, examineSubordinates } from './examine-subordinates.ts';
import { describeRenewal } from './summarize-renewal.ts';
import { type ExaminedRenewal, takeRenewals } from './take-renewal.ts';
import { takeVersion } from './take-version.ts';
import type {
  CaFinding,
  ImportCertificateRequest,
  ImportPreview,
  RenewedCa,
} from './trust-domain-request.ts';
import { renewalsOf } from './write-renewed.ts';

export interface ImportedCertificates extends CreatedTrustDomain {
  /** What is unusual about the certificates. */
  readonly warnings: readonly CaFinding[];
  /** The CAs that this call renewed. */
  readonly renewed: readonly RenewedCa[];
}

/** @throws Fault request-malformed if one of the certificates cannot be imported, with all reasons */
export async function importCertificates(
  service: Service,
  caKeys: CaKeys,
  request: ImportCertificateRequest,
): Promise<ImportedCertificates> {
  const { trustDomain } = request;
  let warnings: readonly CaFinding[] | undefined;
  let hasRenewals = false;
  const examine = async (document: TrustDomainDocument | undefined) => {
    const examined = await examineSubordinates(service, caKeys, request, document);
    // of the first time: what is above a certificate that was renewed since is no longer another one
    warnings ??= examined.warnings;
    return examined.cas;
  };
  const added = await addCas(service, trustDomain, async (document) => {
    const cas = await examine(document);
    hasRenewals = cas.some(isRenewal);
    const missing = cas.filter(isFirst);
    await claimKeys(service, trustDomain, FIRST_CA_VERSION, missing);
    const imported: NewCas = {};
    for (const { ca, taken, key } of missing) {
      const name = { trustDomain, ca, version: FIRST_CA_VERSION };
      imported[ca] = await takeVersion(service, name, taken, key);
    }
    return imported;
  });
  const renewals = hasRenewals
    ? await takeRenewals(service, trustDomain, async (document) =>
        (await examine(document)).filter(isRenewal),
      )
    : { renewed: [] };
  return { ...added, ...renewals, warnings: warnings ?? [] };
}

/** What an import would change. @throws Fault as `importCertificates` */
export async function previewImport(
  service: Service,
  caKeys: CaKeys,
  request: ImportCertificateRequest,
): Promise<ImportPreview> {
  const { trustDomain } = request;
  const key = trustDomainKey(trustDomain);
  const document = await readDocument(service.authority, key, trustDomainSchema);
  const { cas, warnings } = await examineSubordinates(service, caKeys, request, document);
  return {
    trustDomain,
    adds: cas.filter(isFirst).map(({ ca }) => ca),
    renewed: cas.filter(isRenewal).map(({ ca, existing, taken }) => {
      const certificate = certificateToPem(taken.certificate);
      const after = { ...existing, certificate, renewals: renewalsOf(existing) + 1 };
      return describeRenewal({ trustDomain, ca }, existing, after, false);
    }),
    warnings,
  };
}

const isFirst = ({ existing }: ExaminedSubordinate): boolean => existing === undefined;

const isRenewal = (examined: ExaminedSubordinate): examined is ExaminedRenewal =>
  examined.isRenewal && examined.existing !== undefined;
