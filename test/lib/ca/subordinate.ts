/** A corporate root, and a service in memory that imports certificates. */
import { createTrustDomain } from '../../../lib/ca/create-trust-domain.ts';
import { importCertificates } from '../../../lib/ca/import-certificate.ts';
import { requestCertificates } from '../../../lib/ca/request-certificate.ts';
import type {
  CasToImport,
  RequestCertificateRequest,
} from '../../../lib/ca/trust-domain-request.ts';
import { readDer, readFields, TAG } from '../../../lib/der/read.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { openCaService } from '../../support/ca-service.ts';
import { CorporateRoot } from '../../support/corporate-root.ts';
import { issueSubordinates } from '../../support/subordinate-cas.ts';

export const TRUST_DOMAIN = 'prod';
export const NOW = new Date('2026-12-24T12:00:00Z');
export const corporate = new CorporateRoot();
export const strangers = new CorporateRoot();

export function opened() {
  const { keys, service } = openCaService(NOW);
  const request = (
    cas: RequestCertificateRequest['cas'] = { ca: {} },
    more: Partial<RequestCertificateRequest> = {},
  ) =>
    requestCertificates(service, keys, {
      action: 'request-certificate',
      trustDomain: TRUST_DOMAIN,
      cas,
      ...more,
    });
  return {
    service,
    keys,
    authority: service.authority,
    exchange: service.exchange,
    request,
    issue: (cas?: readonly CaName[], by = corporate, changes = {}) =>
      issueSubordinates(service, keys, TRUST_DOMAIN, by, cas, changes),
    importing: (cas: CasToImport) =>
      importCertificates(service, keys, {
        action: 'import-certificate',
        trustDomain: TRUST_DOMAIN,
        cas,
      }),
    create: (more: object = {}) =>
      createTrustDomain(service, keys, { trustDomain: TRUST_DOMAIN, validityDays: 3650, ...more }),
  };
}

export type Opened = ReturnType<typeof opened>;

export const nameOf = (ca: CaName) => ({ trustDomain: TRUST_DOMAIN, ca, version: 1 });

/** Keys of the records of CSRs. */
export const csrRecords = ({ authority }: Opened) =>
  [...authority.objects.keys()].filter((key) => /\.csr\/.*\.json$/.test(key));

export function killed(): never {
  throw new Error('killed');
}

export const CSR =
  /^-----BEGIN CERTIFICATE REQUEST-----\n([^-]*)-----END CERTIFICATE REQUEST-----\n$/;

export function partsOf(csr: string) {
  const der = Buffer.from(CSR.exec(csr)?.[1] ?? '', 'base64');
  const [info, , signature] = readFields(
    readDer(der, 'csr'),
    TAG.sequence,
    ...['info', 'algorithm', 'signature'],
  );
  if (!info || !signature) throw new Error('no CSR');
  return { info: Buffer.from(info.raw), signature: Buffer.from(signature.content.subarray(1)) };
}
