/** Refuses what exceeds a budget: without a record, because otherwise a flood would fill the ledger. */
import type { ExpectedClaim } from '../budget/claim.ts';
import { limitsOf } from '../budget/limits.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { ViolationDocument } from '../contract/outcomes.ts';
import { outcomeKeys, type RequestAddress } from '../contract/request-key.ts';
import { dayOf } from '../expiry/expiry-index.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, unlessMalformed } from '../store/documents.ts';
import type { BucketObject } from '../store/object-store.ts';
import type { Decision } from './decide.ts';
import type { Declarations } from './grounds.ts';
import { readEarlierPending } from './pending.ts';

export interface Counting {
  readonly declared: Declarations;
  readonly expected: ExpectedClaim;
  /** Whose budget it is (lib/budget/holder.ts). */
  readonly holder: string;
}

/**
 * Counts a request that was decided on, before anything of the decision is written.
 * @returns why the request is refused: everything that is wrong with it, and the budget; undefined if it counts
 */
export async function findOverBudget(
  service: Service,
  address: RequestAddress,
  object: BucketObject,
  decision: Exclude<Decision, { kind: 'ignore' }>,
  { declared, expected, holder }: Counting,
): Promise<ViolationDocument[] | undefined> {
  const record = await readableRecord(declared, address.cluster);
  const asked = {
    address,
    holder,
    uploaded: object.lastModified,
    certificate: decision.kind !== 'reject',
    limits: limitsOf(record, holder),
  };
  const exceeded = await expected.claim(asked);
  // the counters of a day are deleted after a week, but an approver may take longer
  if (!exceeded || (await readEarlierPending(service, address, object))) return undefined;
  const { budgetExceeded } = await import('../budget/refusal.ts'); // seldom needed
  const others = decision.kind === 'reject' ? decision.record.violations : [];
  return [...others, budgetExceeded(exceeded, asked, dayOf(asked.uploaded), service.now())];
}

/** Without a record that can be read, the defaults apply. */
export const readableRecord = (
  declared: Declarations,
  cluster: string,
): Promise<ClusterRecord | undefined> => unlessMalformed(declared.clusterRecord(cluster));

/** Publishes the refusal. Every run that finds the same publishes the same kind of outcome, and the first one counts. */
export async function publishOverBudget(
  service: Service,
  address: RequestAddress,
  certificateName: string | undefined,
  violations: ViolationDocument[],
): Promise<void> {
  const { rejectionOf } = await import('./rejection.ts'); // seldom needed
  const decidedAt = service.now().toISOString();
  const document = rejectionOf(address, { certificateName, decidedAt, violations });
  const { rejected } = outcomeKeys(address);
  await service.exchange.create(rejected, formatDocument(document), JSON_TYPE);
}
