import type { Budgeted } from '../contract/day-budget.ts';
import {
  BOOTSTRAP_HOLDER,
  CSR,
  CSR_USERS_HOLDER,
  isBootstrapHolder,
  USERS,
} from '../contract/request-kinds.ts';
import type { Violation } from '../refusal/violation.ts';
import type { Claim, Exceeded } from './claim.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** The fields of `limits` in the cluster record. */
const FIELDS = {
  node: { requests: 'nodeRequestsPerDay', certificates: 'nodeCertificatesPerDay' },
  users: { requests: 'userRequestsPerDay', certificates: 'userCertificatesPerDay' },
  cluster: { requests: 'clusterRequestsPerDay', certificates: 'clusterCertificatesPerDay' },
} as const satisfies Record<string, Record<Budgeted, string>>;

const NEW_DAY = 'a new request counts in the budget of the day of its upload';

/** @param day of the upload, `YYYY-MM-DD` in UTC */
export function budgetExceeded(
  exceeded: Exceeded,
  { address, holder }: Pick<Claim, 'address' | 'holder'>,
  day: string,
  now: Date,
): Violation {
  const common = { code: 'budget-exceeded', field: 'budget' } as const;
  const tomorrow = Date.parse(day) + DAY_MS;
  const isOver = tomorrow <= now.getTime();
  const wait = isOver ? NEW_DAY : `wait until ${new Date(tomorrow).toISOString()}`;
  if (exceeded.of === 'age')
    return {
      ...common,
      got: `uploaded on ${day}`,
      allowed: `requests of the last ${exceeded.days} days`,
      fix: wait,
    };
  const { cluster } = address;
  const { whose, all = `cluster ${cluster}`, fields, instead } = holderOf(holder, cluster);
  if (exceeded.of === 'closed')
    return {
      ...common,
      got: `uploaded before the ${exceeded.what} of ${day} (UTC) were used up`,
      allowed: `${exceeded.what} within the budget of ${whose}`,
      fix: wait,
    };
  const ofCluster = exceeded.of === 'cluster';
  const field = (ofCluster && !instead ? FIELDS.cluster : fields)?.[exceeded.what];
  const first = instead ? `${instead}; ` : '';
  const orElse = field && !isOver ? `, or raise limits.${field} in the cluster record` : '';
  return {
    ...common,
    got: `more than ${exceeded.limit} ${exceeded.what} on ${day} (UTC)`,
    allowed: `${exceeded.limit} ${exceeded.what} a day for ${ofCluster ? all : whose}`,
    fix: `${first}${wait}${orElse}`,
  };
}

interface Holder {
  readonly whose: string;
  /** The others that draw from the same; undefined: the cluster. */
  readonly all?: string;
  readonly fields?: (typeof FIELDS)[keyof typeof FIELDS];
  /** What helps, if no field of the record does. */
  readonly instead?: string;
}

function holderOf(holder: string, cluster: string): Holder {
  if (holder === USERS) return { whose: `the users of ${cluster}`, fields: FIELDS.users };
  if (holder === CSR_USERS_HOLDER)
    return { whose: `forwarded CSRs of users of ${cluster}`, fields: FIELDS.users };
  if (holder === CSR)
    return {
      whose: `names that are no workers of ${cluster} in its record`,
      instead: 'declare the node in the cluster record',
    };
  if (isBootstrapHolder(holder))
    return {
      whose: `bootstrap token ${holder.slice(BOOTSTRAP_HOLDER.length)} of ${cluster}`,
      all: `all bootstrap tokens of ${cluster}`,
      instead: 'delete the token if it was stolen, let nodes join with another one',
    };
  return { whose: `node ${holder} of ${cluster}`, fields: FIELDS.node };
}
