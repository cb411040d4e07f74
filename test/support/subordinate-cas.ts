/** Subordinate CAs of a trust domain, from a CSR to the import of what a corporate CA has issued for it. */
import { createPublicKey } from 'node:crypto';
import { type ImportedCertificates, importCertificates } from '../../lib/ca/import-certificate.ts';
import { requestCertificates } from '../../lib/ca/request-certificate.ts';
import type { CasToImport, CaToImport } from '../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { CA_NAMES, type CaName } from '../../lib/profiles/certificate-names.ts';
import type { Service } from '../../lib/service.ts';
import type { CaCertificateParts } from './ca-certificate.ts';
import type { CorporateRoot } from './corporate-root.ts';
import type { SoftKeys } from './soft-keys.ts';

export const SUBORDINATE_NAMES: Record<CaName, string> = {
  ca: 'kubernetes',
  'etcd-ca': 'etcd-ca',
  'front-proxy-ca': 'front-proxy-ca',
  'kubelet-ca': 'kubelet-ca',
};

/** What a corporate CA issues for the keys of the CAs, as a request to import it. */
export async function issueSubordinates(
  service: Service,
  keys: SoftKeys,
  trustDomain: string,
  corporate: CorporateRoot,
  cas: readonly CaName[] = CA_NAMES,
  changes: Partial<CaCertificateParts> = {},
): Promise<CasToImport> {
  const requested = await requestCertificates(service, keys, {
    action: 'request-certificate',
    trustDomain,
    cas: Object.fromEntries(cas.map((ca) => [ca, {}])),
  });
  const issued: [CaName, CaToImport][] = [];
  for (const ca of cas) {
    const { keyId = '' } = requested.cas[ca] ?? {};
    const spki = createPublicKey(keys.privateKeyOf(keyId)).export({ type: 'spki', format: 'der' });
    const der = corporate.certify(spki, SUBORDINATE_NAMES[ca], service.now(), changes);
    issued.push([ca, { certificate: certificateToPem(der), chain: corporate.chainPem }]);
  }
  return Object.fromEntries(issued);
}

/** @param cas all by default */
export async function importAllSubordinates(
  service: Service,
  keys: SoftKeys,
  trustDomain: string,
  corporate: CorporateRoot,
  cas: readonly CaName[] = CA_NAMES,
): Promise<ImportedCertificates> {
  return importCertificates(service, keys, {
    action: 'import-certificate',
    trustDomain,
    cas: await issueSubordinates(service, keys, trustDomain, corporate, cas),
  });
}
