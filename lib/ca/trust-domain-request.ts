/** The requests to create-ca, and its responses to those about adoption and about subordinate CAs. */
import type { CaName } from '../profiles/certificate-names.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';
import type { FindingLevel } from './lint-finding.ts';

/** Creates a trust domain, or adds CAs to it: the request without `action`, or with `create`. */
export interface TrustDomainRequest {
  readonly trustDomain: string;
  /**
   * The CAs that the trust domain has to have, besides those in `keys`.
   * @default all for a new trust domain; an existing one stays as it is
   */
  readonly cas?: readonly CaName[];
  /** Key spec of new keys. @default ECC_NIST_P256 */
  readonly keySpec?: CaKeySpec;
  /** Existing keys, by ARN; the others are created. */
  readonly keys?: Partial<Record<CaName, string>>;
  /** Lifetime of the CA certificates in days; kubeadm's caCertificateValidityPeriod is 3650. */
  readonly validityDays: number;
}

/** kubeadm's CAs: no existing cluster has a `kubelet-ca`. */
export const ADOPTABLE_CAS = ['ca', 'etcd-ca', 'front-proxy-ca'] as const satisfies CaName[];

export type AdoptableCa = (typeof ADOPTABLE_CAS)[number];

/** The certificate of a CA that a cluster already has, and the KMS key into which its key was imported. */
export interface CaToAdopt {
  /** One certificate in PEM; text around it is skipped. */
  readonly certificate: string;
  /** Key ARN or alias. @default the alias of the key of the CA's version (`caKeyAlias`) */
  readonly keyId?: string;
}

export type CasToAdopt = Readonly<Partial<Record<AdoptableCa, CaToAdopt>>>;

/** Lints the certificates and finds the keys. Changes no object. */
export interface PrepareAdoptionRequest {
  readonly action: 'prepare-adoption';
  readonly trustDomain: string;
  readonly cas: CasToAdopt;
}

/** Adopts the CAs, after their keys have been imported. */
export interface AdoptRequest {
  readonly action: 'adopt';
  readonly trustDomain: string;
  readonly cas: CasToAdopt;
}

/** What a CSR for a subordinate CA is to contain. */
export interface CaToCertify {
  /** @default kubeadm's common name of the CA */
  readonly commonName?: string;
  /** Key ARN or alias. @default the key of the CA's version (`caKeyAlias`), which is created if it does not exist */
  readonly keyId?: string;
}

/** Signs CSRs with the keys of CAs, for a CA above them. */
export interface RequestCertificateRequest {
  readonly action: 'request-certificate';
  readonly trustDomain: string;
  readonly cas: Readonly<Partial<Record<CaName, CaToCertify>>>;
  /** Key spec of new keys. @default ECC_NIST_P256 */
  readonly keySpec?: CaKeySpec;
}

export interface CertificateRequest {
  /** Key ARN. */
  readonly keyId: string;
  readonly keySpec: CaKeySpec;
  /** PKCS#10 in PEM. The same request returns the same CSR until the certificate is imported. */
  readonly csr: string;
  /** The certificate that the CA already has: the new one renews it. Absent if the CA does not exist yet. */
  readonly renews?: DescribedCertificate & { readonly version: number };
}

/** The response to `request-certificate`. */
export interface RequestedCertificates {
  readonly trustDomain: string;
  readonly cas: Readonly<Partial<Record<CaName, CertificateRequest>>>;
}

/** The certificate that an outside CA has issued for the key of a CA. */
export interface CaToImport {
  /** One certificate in PEM; text around it is skipped. */
  readonly certificate: string;
  /** The certificates above it in PEM: each is issued by the next, and the last is the root. */
  readonly chain: string;
  /** Key ARN or alias. @default the alias of the key of the CA's version (`caKeyAlias`) */
  readonly keyId?: string;
}

export type CasToImport = Readonly<Partial<Record<CaName, CaToImport>>>;

/** Takes the certificates of subordinate CAs: the first ones, or others of the same keys and subjects. */
export interface ImportCertificateRequest {
  readonly action: 'import-certificate';
  readonly trustDomain: string;
  readonly cas: CasToImport;
  /** Says what would be done, and does nothing. @default false */
  readonly dryRun?: boolean;
}

/** The response to `import-certificate` with `dryRun`. */
export interface ImportPreview {
  readonly trustDomain: string;
  /** The CAs that the trust domain would get. */
  readonly adds: readonly CaName[];
  /** The CAs whose certificates, or what is above them, would be renewed. */
  readonly renewed: readonly RenewedCa[];
  readonly warnings: readonly CaFinding[];
  /** The certificate would be that of a new version of a CA, with which a rotation starts. */
  readonly successor?: ImportedVersion;
}

export interface ImportedVersion {
  readonly ca: CaName;
  readonly version: number;
  /** Fingerprint of the certificate. */
  readonly sha256: string;
}

/** Renews the certificate of a CA with the same key. */
export interface RenewCaRequest {
  readonly action: 'renew-ca';
  readonly trustDomain: string;
  readonly ca: CaName;
  /** From now. @default 3650 */
  readonly validityDays?: number;
  /** Says what would be done, and does nothing. @default false */
  readonly dryRun?: boolean;
}

/** The response to `renew-ca`, and a part of that to `import-certificate`. */
export interface RenewedCa {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly version: number;
  /** How often the version has been renewed. */
  readonly renewals: number;
  /** Whether this call renewed it. */
  readonly changed: boolean;
  readonly before: DescribedCertificate;
  readonly after: DescribedCertificate;
}

export interface DescribedCertificate {
  readonly notAfter: string;
  /** Its fingerprint; absent if it does not exist yet. */
  readonly sha256?: string;
}

export type CreateCaRequest =
  | (TrustDomainRequest & { readonly action?: 'create' })
  | PrepareAdoptionRequest
  | AdoptRequest
  | RequestCertificateRequest
  | ImportCertificateRequest
  | RenewCaRequest;

/** How far the adoption of a CA is. */
export type AdoptionState =
  /** The key exists, without key material. */
  | 'pending-import'
  | 'imported'
  /** The trust domain has the CA. */
  | 'adopted';

export interface PreparedCa {
  /** Key ARN: into this key the CA key is to be imported. */
  readonly keyId: string;
  readonly keySpec: CaKeySpec;
  readonly state: AdoptionState;
}

/** The response to `prepare-adoption`. */
export interface PreparedAdoption {
  readonly trustDomain: string;
  readonly cas: Readonly<Partial<Record<AdoptableCa, PreparedCa>>>;
  /** A request with a finding that refuses is rejected, with all of them. */
  readonly findings: readonly CaFinding[];
}

export interface CaFinding {
  readonly ca: CaName;
  readonly level: FindingLevel;
  readonly text: string;
}
