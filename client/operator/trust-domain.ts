/** Creates and reads the three CAs of a trust domain. */
import { X509Certificate } from 'node:crypto';
import {
  type TrustDomainDocument,
  trustDomainKey,
  trustDomainSchema,
} from '../../lib/contract/trust-domain.ts';
import { CA_NAMES, type CaName } from '../../lib/profiles/certificate-names.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { formatCaCertHash } from '../node/trust/ca-cert-hash.ts';

export interface CaSummary {
  readonly keyId: string;
  readonly keySpec: string;
  readonly subject: string;
  readonly notAfter: string;
  readonly sha256: string;
}

export interface TrustDomainSummary {
  readonly trustDomain: string;
  /** Whether this call created it. */
  readonly created?: boolean;
  readonly cas: Readonly<Record<string, CaSummary>>;
  /** The `--ca-cert-hash` values by which a new node trusts the CAs; only `summarizeTrustDomain` returns them. */
  readonly caCertHashes?: readonly string[];
}

export interface TrustDomainOptions {
  readonly keySpec: string | undefined;
  readonly validityDays: number | undefined;
  /** ARNs of existing KMS keys; a key is created for each CA without one. */
  readonly keys: Readonly<Partial<Record<CaName, string>>>;
}

/** @param invokeCreateCa calls the create-ca function and returns its response */
export async function createTrustDomain(
  invokeCreateCa: (request: unknown) => Promise<unknown>,
  trustDomain: string,
  { keySpec, validityDays, keys }: TrustDomainOptions,
): Promise<TrustDomainSummary> {
  const request = {
    trustDomain,
    ...(keySpec !== undefined && { keySpec }),
    ...(validityDays !== undefined && { validityDays }),
    ...(Object.keys(keys).length > 0 && { keys }),
  };
  return (await invokeCreateCa(request)) as TrustDomainSummary;
}

/** @throws CommandError if the trust domain does not exist */
export async function summarizeTrustDomain(
  authority: ObjectStore,
  name: string,
): Promise<TrustDomainSummary> {
  const document = await readDocument(authority, trustDomainKey(name), trustDomainSchema);
  if (!document)
    throw new CommandError(
      'usage',
      `trust domain ${name}: does not exist`,
      `list the trust domains with cakeless trust-domain list, or create it with cakeless trust-domain create ${name}`,
    );
  const cas = Object.fromEntries(CA_NAMES.map((ca) => [ca, summaryOf(document, ca)]));
  // A node installs every version, the signing one first (lib/ca/create-trust-domain.ts), and needs a hash for each.
  const caCertHashes = CA_NAMES.flatMap((ca) =>
    document.cas[ca].versions.map(({ certificate }) => formatCaCertHash(ca, certificate)),
  );
  return { trustDomain: name, cas, caCertHashes };
}

/** The version of a CA that signs now. */
function summaryOf({ trustDomain, cas }: TrustDomainDocument, ca: CaName): CaSummary {
  const { signing, versions } = cas[ca];
  const current = versions.find(({ version }) => version === signing);
  if (!current) throw new Error(`trust domain ${trustDomain}: no version ${signing} of ${ca}`);
  const certificate = new X509Certificate(current.certificate);
  return {
    keyId: current.keyId,
    keySpec: current.keySpec,
    subject: certificate.subject,
    notAfter: new Date(certificate.validTo).toISOString(),
    sha256: certificate.fingerprint256,
  };
}
