/** Which CAs a trust domain has, and what the key of each is like. */
import type { CaOrigin } from '../lib/contract/ca-origin.ts';
import { CA_NAMES, type CaName } from '../lib/profiles/certificate-names.ts';
import type { CaKeySpec } from '../lib/signing/signing-algorithm.ts';

export interface CaSettings {
  /** @default that of the trust domain */
  readonly keySpec?: CaKeySpec | undefined;
  /** It cannot be changed later. @default that of the trust domain; `kubelet-ca` is never adopted, but made */
  readonly origin?: CaOrigin | undefined;
}

/** The CAs that a trust domain has, with their settings. */
export type CasSettings = Readonly<
  { ca: CaSettings } & Partial<Record<CaName, CaSettings | undefined>>
>;

/** The keys of the CAs that a trust domain has. */
export type CaKeyArns = Readonly<{ ca: string } & Partial<Record<CaName, string | undefined>>>;

export interface CasProps {
  /** Key spec of the CAs for which `cas` has no other. @default ECC_NIST_P256 */
  readonly keySpec?: CaKeySpec | undefined;
  /** Origin of the CAs for which `cas` has no other; `kubelet-ca` is never adopted, but made. @default made */
  readonly origin?: CaOrigin | undefined;
  /** The CAs that the trust domain has; `ca` is required. @default those that have a key in `keys`, or all */
  readonly cas?: CasSettings | undefined;
}

export interface CaPlan {
  readonly ca: CaName;
  readonly keySpec: CaKeySpec;
  readonly origin: CaOrigin;
  /** Whether the private key of the cluster is imported into a KMS key that is created without key material. */
  readonly imported: boolean;
}

const DEFAULT_KEY_SPEC: CaKeySpec = 'ECC_NIST_P256';

/** No existing cluster has a CA of kubelets: kubeadm knows none. */
const NEVER_ADOPTED: CaName = 'kubelet-ca';

export function caPlansOf({
  keySpec = DEFAULT_KEY_SPEC,
  origin = 'made',
  cas,
  keys,
}: CasProps & { readonly keys?: CaKeyArns | undefined }): CaPlan[] {
  const listed = cas ?? keys;
  return CA_NAMES.filter((ca) => listed === undefined || listed[ca] !== undefined).map((ca) => {
    const declared = cas?.[ca]?.origin ?? origin;
    const own = ca === NEVER_ADOPTED && declared === 'adopted' ? 'made' : declared;
    return {
      ca,
      keySpec: cas?.[ca]?.keySpec ?? keySpec,
      origin: own,
      imported: own === 'adopted',
    };
  });
}

export interface PlannedTrustDomain extends CasProps {
  readonly name: string;
  readonly keys?: CaKeyArns | undefined;
  readonly validityDays?: number | undefined;
  readonly createCertificates?: boolean | undefined;
}

/** What contradicts itself, and what to do about it. */
export function problemsOfCas(domain: PlannedTrustDomain): string[] {
  return [
    ...problemsOfKubelets(domain),
    ...problemsOfKeys(domain),
    ...problemsOfCertificates(domain),
  ].map((problem) => `trust domain ${domain.name}: ${problem}`);
}

function problemsOfKubelets({ cas }: PlannedTrustDomain): string[] {
  if (cas?.[NEVER_ADOPTED]?.origin !== 'adopted') return [];
  return [
    `${NEVER_ADOPTED} cannot be adopted, because kubeadm clusters have no such CA: remove its origin, and KMS makes its key`,
  ];
}

function problemsOfKeys({ cas, keys }: PlannedTrustDomain): string[] {
  if (cas === undefined || keys === undefined) return [];
  return CA_NAMES.flatMap((ca) => {
    if (cas[ca] !== undefined && keys[ca] === undefined)
      return [
        `cas has ${ca}, but keys has no key for it: add the key's ARN to keys, or remove ${ca} from cas`,
      ];
    if (cas[ca] === undefined && keys[ca] !== undefined)
      return [
        `keys has a key for ${ca}, but cas does not list it: add ${ca} to cas, or remove its key`,
      ];
    return [];
  });
}

/**
 * The CAs whose certificates the deployment creates. A trust domain begins with `ca`, so it creates nothing before the
 * certificate of `ca` has come from elsewhere, and nothing in the trust domain of an existing cluster.
 */
export function createdCas(domain: PlannedTrustDomain): CaName[] {
  if (domain.createCertificates === false || whyNotCreated(domain) !== undefined) return [];
  const made = caPlansOf(domain).filter(({ origin }) => origin === 'made');
  return made.map(({ ca }) => ca);
}

interface NotCreated {
  /** For which CAs. */
  readonly names: string;
  readonly certificates: string;
  readonly instead: string;
}

function whyNotCreated(domain: PlannedTrustDomain): NotCreated | undefined {
  const plans = caPlansOf(domain);
  const imported = plans.filter((plan) => plan.imported).map(({ ca }) => ca);
  if (imported.length > 0)
    return {
      names: imported.join(', '),
      certificates: 'stay as the cluster has them',
      instead: 'must be adopted (cakeless trust-domain adopt)',
    };
  if (!plans.some(({ ca, origin }) => ca === 'ca' && origin === 'subordinate')) return undefined;
  return {
    names: 'ca',
    certificates: 'come from an outside CA',
    instead: 'needs a certificate from an outside CA (cakeless trust-domain csr)',
  };
}

/** What creates CA certificates has no place where the certificates come from elsewhere. */
function problemsOfCertificates(domain: PlannedTrustDomain): string[] {
  const why = whyNotCreated(domain);
  if (!why) return [];
  return [
    ...(domain.validityDays === undefined
      ? []
      : [
          `validityDays is for CA certificates that are created, but those of ${why.names} ${why.certificates}: remove it`,
        ]),
    ...(domain.createCertificates === true
      ? [
          `createCertificates is true, but ${why.names} ${why.instead}: remove it, and have the other CAs created after that (cakeless trust-domain create)`,
        ]
      : []),
  ];
}
