/** A subordinate CA whose certificate expires, and what a corporate CA issues for the same key. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { previewImport } from '../../../lib/ca/import-certificate.ts';
import type { CaToImport } from '../../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import type { CaVersion, TrustDomainDocument } from '../../../lib/contract/trust-domain.ts';
import { trustDomainKey } from '../../../lib/contract/trust-domain.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { CaCertificateParts } from '../../support/ca-certificate.ts';
import { corporate, NOW, type Opened, opened, TRUST_DOMAIN } from './subordinate.ts';

export const DAY_MS = 86_400_000;
export const days = (count: number) => new Date(NOW.getTime() + count * DAY_MS);

/** When the first certificates end, and when they are renewed. */
export const END = days(800);
export const RENEWED_AT = days(500);

export const documentOf = ({ authority }: Opened) =>
  authority.json(trustDomainKey(TRUST_DOMAIN)) as TrustDomainDocument;

export const versionOf = (world: Opened, ca: CaName = 'ca') =>
  documentOf(world).cas[ca]?.versions[0] as CaVersion;

export function change(world: Opened, edit: (document: TrustDomainDocument) => void): void {
  const document = documentOf(world);
  edit(document);
  world.authority.seed(trustDomainKey(TRUST_DOMAIN), JSON.stringify(document));
}

/** A trust domain with a subordinate CA, some time later. */
export async function later(changes: Partial<CaCertificateParts> = {}): Promise<Opened> {
  const world = opened();
  await world.importing(await world.issue(['ca'], corporate, { notAfter: END, ...changes }));
  world.service.now = () => RENEWED_AT;
  return world;
}

/** What a corporate CA issues for the key of the CA. */
export function reissue(
  world: Opened,
  changes: Partial<CaCertificateParts> = {},
  by = corporate,
): CaToImport {
  const { publicKey } = new X509Certificate(versionOf(world).certificate);
  const spki = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })).export({
    type: 'spki',
    format: 'der',
  });
  const parts = { notAfter: days(3650), serialNumber: Uint8Array.of(8), ...changes };
  const der = by.certify(new Uint8Array(spki), 'kubernetes', RENEWED_AT, parts);
  return { certificate: certificateToPem(der), chain: by.chainPem };
}

export const preview = ({ service, keys }: Opened, ca: CaToImport) =>
  previewImport(service, keys, {
    action: 'import-certificate',
    trustDomain: TRUST_DOMAIN,
    cas: { ca },
  });
