/** Creates and reads the CAs of a trust domain. */
import { type CaSummary, summarizeCas } from '../../lib/ca/summarize.ts';
import type { CaFinding, ImportedVersion, RenewedCa } from '../../lib/ca/trust-domain-request.ts';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import type { Rotation } from '../../lib/contract/rotation-state.ts';
import { casOf, trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import { readLastRotations } from '../../lib/rotating/last-rotations.ts';
import type { LastRotation } from '../../lib/rotating/rotation-request.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { formatCaCertHash } from '../node/trust/ca-cert-hash.ts';

export interface TrustDomainSummary {
  readonly trustDomain: string;
  /** Whether this call created it. */
  readonly created?: boolean;
  /** The rotation of a CA that is under way. */
  readonly rotation?: Rotation;
  /** The last rotation of each CA that has ended; only `summarizeTrustDomain` returns them. */
  readonly lastRotations?: readonly LastRotation[];
  /** The CAs that this call added. */
  readonly added?: readonly CaName[];
  readonly cas: Readonly<Record<string, CaSummary>>;
  /** What is unusual about certificates that this call imported. */
  readonly warnings?: readonly CaFinding[];
  /** Subordinate CAs whose certificates this call renewed. */
  readonly renewed?: readonly RenewedCa[];
  /** A new version of a CA whose certificate this call imported, with which a rotation starts. */
  readonly successor?: ImportedVersion;
  /** The `--ca-cert-hash` values by which a new node trusts the CAs, and the roots above them; only `summarizeTrustDomain` returns them. */
  readonly caCertHashes?: readonly string[];
}

export interface TrustDomainOptions {
  /** CAs that it has to have. @default all for a new trust domain; an existing one stays as it is */
  readonly cas: readonly CaName[] | undefined;
  readonly keySpec: string | undefined;
  readonly validityDays: number | undefined;
  /** ARNs of existing KMS keys; a key is created for each CA without one. */
  readonly keys: Readonly<Partial<Record<CaName, string>>>;
}

/** @param invokeCreateCa calls the create-ca function and returns its response */
export async function createTrustDomain(
  invokeCreateCa: (request: unknown) => Promise<unknown>,
  trustDomain: string,
  { cas, keySpec, validityDays, keys }: TrustDomainOptions,
): Promise<TrustDomainSummary> {
  const request = {
    trustDomain,
    ...(cas !== undefined && { cas }),
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
  const cas = summarizeCas(document);
  // A node installs every version that has not ended, the signing one first, and needs a hash for each.
  const living = casOf(document).map(([ca, { versions }]) => {
    return [ca, versions.filter(({ endedAt }) => endedAt === undefined)] as const;
  });
  const caCertHashes = living.flatMap(([ca, versions]) =>
    versions.map(({ certificate }) => formatCaCertHash(ca, certificate)),
  );
  const roots = living.flatMap(([, versions]) =>
    versions.flatMap(({ chain = '' }) => certificatesIn(chain).slice(-1)),
  );
  const rootHashes = new Set(roots.map((root) => formatCaCertHash('root', root)));
  const { rotation } = document;
  const lastRotations = await readLastRotations(authority, document);
  return {
    trustDomain: name,
    cas,
    ...(rotation && { rotation }),
    ...(lastRotations.length > 0 && { lastRotations }),
    caCertHashes: [...caCertHashes, ...rootHashes],
  };
}
