import type { Budgeted } from '../contract/day-budget.ts';
import { dayOf } from '../expiry/expiry-index.ts';
import type { Violation } from '../refusal/violation.ts';
import { type Claim, type Exceeded, MOST_DAYS } from './claim.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** The fields of `limits` in the cluster record. */
const FIELDS = {
  node: { requests: 'nodeRequestsPerDay', certificates: 'nodeCertificatesPerDay' },
  users: { requests: 'userRequestsPerDay', certificates: 'userCertificatesPerDay' },
  cluster: { requests: 'clusterRequestsPerDay', certificates: 'clusterCertificatesPerDay' },
} as const satisfies Record<string, Record<Budgeted, string>>;

/** @param ofUsers whether the request is one of a user: users share a budget */
export function budgetExceeded(
  exceeded: Exceeded,
  { address, uploaded }: Pick<Claim, 'address' | 'uploaded'>,
  now: Date,
  ofUsers: boolean,
): Violation {
  const common = { code: 'budget-exceeded', field: 'budget' } as const;
  const day = dayOf(uploaded);
  const tomorrow = Date.parse(day) + DAY_MS;
  const when = tomorrow > now.getTime() ? `from ${new Date(tomorrow).toISOString()} on` : 'now';
  const again = `try again ${when}, under a new request id`;
  if (exceeded.of === 'age')
    return {
      ...common,
      got: `uploaded on ${day}`,
      allowed: `requests of the last ${MOST_DAYS} days`,
      fix: again,
    };
  const { cluster, node } = address;
  const whose = ofUsers ? `the users of ${cluster}` : `node ${node} of ${cluster}`;
  if (exceeded.of === 'closed')
    return {
      ...common,
      got: `uploaded before the ${exceeded.what} of ${day} (UTC) were used up`,
      allowed: `${exceeded.what} within the budget of ${whose}`,
      fix: again,
    };
  const field = FIELDS[exceeded.of === 'cluster' ? 'cluster' : ofUsers ? 'users' : 'node'];
  return {
    ...common,
    got: `more than ${exceeded.limit} ${exceeded.what} on ${day} (UTC)`,
    allowed: `${exceeded.limit} ${exceeded.what} a day for ${exceeded.of === 'cluster' ? `cluster ${cluster}` : whose}`,
    fix: `${again}, or raise limits.${field[exceeded.what]} in the cluster record`,
  };
}
