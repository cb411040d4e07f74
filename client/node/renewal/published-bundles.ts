/** The CA certificates that the service publishes for this node: of which trust domain, and which of its CAs. */
import { existsSync } from 'node:fs';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { lastTrustDomain } from '../exchange/last-trust-domain.ts';
import { listInstallations } from '../install/journal.ts';
import { accepts, type CaChangeOptions } from '../trust/accepted-change.ts';
import { isOptional } from '../trust/optional-ca.ts';
import { type PublishedBundle, readBundleWithChain } from '../trust/read-bundle.ts';
import { readOptionalBundle } from '../trust/read-optional-bundle.ts';

export type Published = ReadonlyMap<CaName, PublishedBundle>;

/** Where a node looks for its trust domain if no certificate that was just issued names it. */
export interface TrustDomainSources {
  readonly cluster: string;
  readonly node: string;
  /** As given by a person. */
  readonly trustDomain?: string | undefined;
  readonly stateDir: string;
}

/**
 * The bucket keeps outcomes for weeks and a certificate lasts a year, so the last installation remembers it, too.
 * @returns undefined if nothing names it
 */
export async function findTrustDomain(
  exchange: Pick<Exchange, 'get' | 'list'>,
  { trustDomain, stateDir, ...place }: TrustDomainSources,
): Promise<string | undefined> {
  return (
    trustDomain ??
    (await lastTrustDomain(exchange, place)) ??
    listInstallations(stateDir).findLast(({ journal }) => journal.trustDomain)?.journal.trustDomain
  );
}

export const UNKNOWN_TRUST_DOMAIN =
  'the trust domain is unknown: the bucket has no certificate of this node, and no installation remembers it';

/** @throws CommandError if nothing names it */
export async function requireTrustDomain(
  exchange: Pick<Exchange, 'get' | 'list'>,
  sources: TrustDomainSources,
): Promise<string> {
  const found = await findTrustDomain(exchange, sources);
  if (found !== undefined) return found;
  throw new CommandError(
    'usage',
    `${UNKNOWN_TRUST_DOMAIN}; nothing was changed`,
    'name it with --trust-domain; operators see it in cakeless cluster show',
  );
}

/**
 * @param trustDomains by CA, of certificates that were issued or would be requested
 * @param wholeNode the trust domain of all other CAs whose files this node has, if a change of the whole node was accepted
 */
export async function readPublished(
  exchange: Pick<Exchange, 'get'>,
  trustDomains: ReadonlyMap<CaName, string>,
  wholeNode: string | undefined,
  folders: NodeFolders,
  caChange: CaChangeOptions,
): Promise<Map<CaName, PublishedBundle>> {
  const others = wholeNode === undefined ? [] : otherCasOf(folders, trustDomains, caChange);
  const named = [...trustDomains].map(
    async ([ca, trustDomain]) =>
      [ca, await readBundleWithChain(exchange, trustDomain, ca)] as const,
  );
  const unnamed = others.map(
    async (ca) => [ca, await readBundleWithChain(exchange, wholeNode ?? '', ca)] as const,
  );
  const [first = wholeNode] = trustDomains.values();
  const [bundles, rest, optional] = await Promise.all([
    Promise.all(named),
    Promise.all(unnamed),
    first === undefined ? [] : readOptionalBundle(exchange, first, folders, caChange),
  ]);
  // such as the CA of an external etcd, of which the service knows nothing
  const ours = rest.filter(([, bundle]) => !('problem' in bundle && bundle.isAbsent));
  return new Map([...bundles, ...ours, ...optional]);
}

const otherCasOf = (
  folders: NodeFolders,
  trustDomains: ReadonlyMap<CaName, string>,
  caChange: CaChangeOptions,
) =>
  CA_NAMES.filter(
    (ca) =>
      !isOptional(ca) &&
      !trustDomains.has(ca) &&
      accepts(caChange, ca) &&
      existsSync(caFileOf(ca, folders)),
  );
