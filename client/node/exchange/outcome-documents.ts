/** The documents that explain an outcome other than a certificate. */
import {
  readRejection,
  readWaitingFor,
  type ViolationDocument,
} from '../../../lib/contract/outcomes.ts';
import { Fault } from '../../../lib/fault.ts';
import type { Exchange } from './exchange.ts';
import type { Outcome } from './outcomes.ts';

export interface Explanation {
  /** For a rejection. */
  readonly violations?: readonly ViolationDocument[];
  /** For a pending request: `an approver: …`. */
  readonly waitingFor?: string;
}

/**
 * Empty for a certificate, for a request without an outcome, and for an outcome that another has replaced in the
 * meantime.
 * @throws Fault document-malformed
 */
export async function explain(
  exchange: Pick<Exchange, 'get'>,
  { state, key }: Pick<Outcome, 'state' | 'key'>,
): Promise<Explanation> {
  if (key === undefined) return {};
  if (state === 'rejected') {
    const rejection = await readRejection(exchange, key);
    return rejection ? { violations: rejection.violations } : {};
  }
  if (state !== 'pending') return {};
  const waitingFor = await readWaitingFor(exchange, key);
  return waitingFor === undefined ? {} : { waitingFor };
}

/**
 * As `explain`, for several outcomes at once: a document that cannot be read, such as one of a later release, is a
 * problem of that certificate alone, and must not stop the others, run after run until they expire.
 */
export async function explainEach(
  ...[exchange, outcome]: Parameters<typeof explain>
): Promise<Explanation & { readonly problems?: readonly string[] }> {
  try {
    return await explain(exchange, outcome);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'document-malformed') throw error;
    return { problems: [`the service's reason cannot be read: ${error.message}`] };
  }
}
