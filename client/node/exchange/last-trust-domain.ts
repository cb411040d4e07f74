import { trustDomainOfCertificate } from '../../../lib/contract/outcomes.ts';
import { outcomesPrefix } from '../../../lib/contract/request-key.ts';
import type { Exchange } from './exchange.ts';
import { newestCertificates } from './newest-certificates.ts';
import type { NodePlace } from './outcomes.ts';

/** The trust domain of the certificate of a node that was issued last; undefined if it has no certificate. */
export async function lastTrustDomain(
  exchange: Pick<Exchange, 'get' | 'list'>,
  { cluster, node }: NodePlace,
): Promise<string | undefined> {
  const [last] = await newestCertificates(exchange, outcomesPrefix(cluster, node));
  const object = last && (await exchange.get(last.key, 0));
  return object && (trustDomainOfCertificate(object.metadata) || undefined);
}
