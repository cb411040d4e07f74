/**
 * Imports the certificates that an outside CA issued for the keys of CAs. Nothing is written unless each is for the KMS
 * key of its CA, and passes the lint. As for a CA that is adopted, KMS proves that it has the key, and a call that is
 * repeated, raced or interrupted finishes what is recorded.
 */
import { FIRST_CA_VERSION } from '../contract/ca-record.ts';
import type { Service } from '../service.ts';
import { addCas, type CreatedTrustDomain, type NewCas } from './add-cas.ts';
import type { CaKeys } from './ca-keys.ts';
import { claimKeys } from './choose-keys.ts';
import { examineSubordinates } from './examine-subordinates.ts';
import { takeVersion } from './take-version.ts';
import type { CaFinding, ImportCertificateRequest } from './trust-domain-request.ts';

export interface ImportedCertificates extends CreatedTrustDomain {
  /** What is unusual about the certificates. */
  readonly warnings: readonly CaFinding[];
}

/** @throws Fault request-malformed if one of the certificates cannot be imported, with all reasons */
export async function importCertificates(
  service: Service,
  caKeys: CaKeys,
  request: ImportCertificateRequest,
): Promise<ImportedCertificates> {
  const { trustDomain } = request;
  let warnings: readonly CaFinding[] = [];
  const result = await addCas(service, trustDomain, async (document) => {
    const examined = await examineSubordinates(service, caKeys, request, document);
    warnings = examined.warnings;
    const missing = examined.cas.filter(({ isImported }) => !isImported);
    await claimKeys(service, trustDomain, FIRST_CA_VERSION, missing);
    const imported: NewCas = {};
    for (const { ca, taken, key } of missing) {
      const name = { trustDomain, ca, version: FIRST_CA_VERSION };
      imported[ca] = await takeVersion(service, name, taken, key);
    }
    return imported;
  });
  return { ...result, warnings };
}
