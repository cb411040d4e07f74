/** The documents that explain an outcome other than a certificate. */
import {
  readRejection,
  readWaitingFor,
  type ViolationDocument,
} from '../../../lib/contract/outcomes.ts';
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
