/**
 * CA certificates that the service has renewed with the same key. A node looks for them whenever it requests a certificate,
 * and in every run once one of its CA certificates expires within two years, which is when operators are told to renew it.
 */
import { existsSync } from 'node:fs';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { currentContent } from '../disk/file-change.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { type PublishedBundle, readBundleWithChain } from '../trust/read-bundle.ts';
import { takeRenewed } from '../trust/renewed-ca.ts';
import type { RenewalDeps } from './options.ts';
import { findTrustDomain, type Published, type TrustDomainSources } from './published-bundles.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NEAR_DAYS = 2 * 365;

interface FoundRenewals {
  readonly isPublished: boolean;
  readonly notes: readonly string[];
}

interface LookDeps extends Pick<RenewalDeps, 'folders' | 'stateDir'> {
  readonly clock: Pick<RenewalDeps['clock'], 'now'>;
  exchange(): Promise<Pick<Exchange, 'get' | 'list'>>;
}

/** What cannot be read now is read by the next run: no certificate of the node is due. */
export async function lookForRenewedCas(
  { folders, stateDir, clock, exchange: connect }: LookDeps,
  options: Omit<TrustDomainSources, 'stateDir'>,
): Promise<FoundRenewals> {
  const now = clock.now();
  if (!casOfNode(folders).some((ca) => endsSoon(ca, folders, now)))
    return { isPublished: false, notes: [] };
  try {
    const exchange = await connect();
    const trustDomain = await findTrustDomain(exchange, { ...options, stateDir });
    const found = await readRenewed(exchange, trustDomain, folders, now);
    return { isPublished: found.size > 0, notes: [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const note = `warning: not looked for renewed CA certificates: ${reason}`;
    return { isPublished: false, notes: [note] };
  }
}

/**
 * Only the bundles that have a renewed certificate of the node: what else differs, a person has to accept.
 * @param known bundles that were read already, and are not read again
 */
export async function readRenewed(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string | undefined,
  folders: NodeFolders,
  now: Date,
  known: Published = new Map(),
): Promise<Published> {
  if (trustDomain === undefined) return new Map();
  const others = casOfNode(folders).filter((ca) => !known.has(ca));
  const read = others.map(
    async (ca): Promise<[CaName, PublishedBundle]> => [
      ca,
      await readBundleWithChain(exchange, trustDomain, ca),
    ],
  );
  const published = await Promise.all(read);
  return new Map(
    published.filter(
      ([ca, bundle]) =>
        'pem' in bundle && takeRenewed(contentOf(ca, folders), bundle, now).replaced.length > 0,
    ),
  );
}

const casOfNode = (folders: NodeFolders): CaName[] =>
  CA_NAMES.filter((ca) => existsSync(caFileOf(ca, folders)));

const contentOf = (ca: CaName, folders: NodeFolders): string =>
  currentContent(caFileOf(ca, folders), false) ?? '';

const endsSoon = (ca: CaName, folders: NodeFolders, now: Date): boolean =>
  parseCertificates(contentOf(ca, folders)).some(
    ({ validTo }) => Date.parse(validTo) - now.getTime() < NEAR_DAYS * DAY_MS,
  );
