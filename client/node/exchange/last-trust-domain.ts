import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { OUTCOME_SUFFIXES } from '../../../lib/contract/prefixes.ts';
import { outcomesPrefix } from '../../../lib/contract/request-key.ts';
import type { Exchange } from './exchange.ts';
import type { NodePlace } from './outcomes.ts';

/** The trust domain of the certificate of a node that was issued last; undefined if it has no certificate. */
export async function lastTrustDomain(
  exchange: Pick<Exchange, 'get' | 'list'>,
  { cluster, node }: NodePlace,
): Promise<string | undefined> {
  let last: { key: string; lastModified: Date } | undefined;
  for await (const object of exchange.list(outcomesPrefix(cluster, node)))
    if (
      object.key.endsWith(OUTCOME_SUFFIXES.certificate) &&
      (!last || object.lastModified >= last.lastModified)
    )
      last = object;
  const object = last && (await exchange.get(last.key, 0));
  return object && (trustDomainOfCertificate(object.metadata) || undefined);
}
