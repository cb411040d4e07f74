/** The CA that a node may lack (`optional-ca.ts`), as the service publishes it. */
import { existsSync } from 'node:fs';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { accepts, type CaChangeOptions } from './accepted-change.ts';
import { OPTIONAL_CA } from './optional-ca.ts';
import { type PublishedBundle, readBundleWithChain } from './read-bundle.ts';

/**
 * What the service publishes for it, if that concerns a running node: one that has the file, or is to get it. A node
 * that does not have it stays as it is without a hash.
 */
export async function readOptionalBundle(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string,
  folders: NodeFolders,
  caChange: CaChangeOptions,
): Promise<[CaName, PublishedBundle][]> {
  const isPinned = accepts(caChange, OPTIONAL_CA) && caChange.hashes[OPTIONAL_CA].length > 0;
  if (!isPinned && !existsSync(caFileOf(OPTIONAL_CA, folders))) return [];
  const published = await readBundleWithChain(exchange, trustDomain, OPTIONAL_CA);
  // a file of that name that someone else wrote
  if (!isPinned && 'problem' in published && published.isAbsent) return [];
  return [[OPTIONAL_CA, published]];
}
