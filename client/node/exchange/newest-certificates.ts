/** The certificates that the service has issued below a prefix. The bucket keeps them for a time. */
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { OUTCOME_SUFFIXES } from '../../../lib/contract/prefixes.ts';
import { LIMITS } from '../../../lib/limits.ts';
import type { Exchange, FoundObject } from './exchange.ts';

/** A node that renews every day has about 5,000 outcomes a year. */
const MAX_LISTED = 100_000;

/** Newest first, by the clock of the bucket. */
export async function newestCertificates(
  exchange: Pick<Exchange, 'list'>,
  prefix: string,
): Promise<FoundObject[]> {
  const found: FoundObject[] = [];
  let listed = 0;
  for await (const object of exchange.list(prefix)) {
    if (object.key.endsWith(OUTCOME_SUFFIXES.certificate)) found.push(object);
    listed += 1;
    if (listed === MAX_LISTED) break;
  }
  return found.sort((a, b) => b.lastModified.getTime() - a.lastModified.getTime());
}

export interface IssuedLeaf {
  /** The leaf, in PEM. */
  readonly pem: string | undefined;
  /** S3 user metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

export async function readIssued(
  exchange: Pick<Exchange, 'get'>,
  key: string,
): Promise<IssuedLeaf> {
  const object = await exchange.get(key, LIMITS.maxOutcomeBytes);
  const [pem] = certificatesIn(Buffer.from(object?.body ?? '').toString('latin1'));
  return { pem, metadata: object?.metadata ?? {} };
}
