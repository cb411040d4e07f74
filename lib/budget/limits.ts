/** How many requests and certificates a node, and a cluster, may have in a day. */
import type { ClusterRecord } from '../cluster/record.ts';
import type { Budgeted } from '../contract/day-budget.ts';
import { USERS } from '../contract/request-kinds.ts';
import { CERTIFICATE_NAMES } from '../profiles/certificate-names.ts';

export type Counts = Readonly<Record<Budgeted, number>>;

export interface BudgetLimits {
  /** Of one node, or of all users of a cluster. */
  readonly node: Counts;
  readonly cluster: Counts;
}

const DAY_SECONDS = 24 * 60 * 60;
/** kubeadm's default, for clusters without a record. */
const YEAR_SECONDS = 365 * DAY_SECONDS;

/** Each name a hundred times a day: more than people and timers need to set up, repair and test one node. */
const CERTIFICATES_OF_NODE = 100 * CERTIFICATE_NAMES.length;
const CERTIFICATES_OF_USERS = 1000;
const CERTIFICATES_OF_CLUSTER = 20_000;
/** Half of what is requested may be rejected. */
const REQUESTS_PER_CERTIFICATE = 2;
/**
 * With certificates of a few minutes a node would otherwise have so much that its counter, with 24 bytes for each
 * request and each certificate, becomes larger than a document may be (4 MiB): then nothing of the day could be decided.
 */
const MOST_CERTIFICATES_OF_NODE = 50_000;

/** @param node the part of a request's key after the cluster: a node, or the word that users have there */
export function limitsOf(record: ClusterRecord | undefined, node: string): BudgetLimits {
  const {
    budgets = {} as ClusterRecord['budgets'],
    users,
    validitySeconds = YEAR_SECONDS,
    nodes = [],
  } = record ?? {};
  // clients renew in the last third of a certificate's life
  const renewals = timesADay((validitySeconds * 2) / 3);
  const ofNode = withDefaults(capped(CERTIFICATES_OF_NODE * renewals), {
    requests: budgets.nodeRequestsPerDay,
    certificates: budgets.nodeCertificatesPerDay,
  });
  const ofUsers = withDefaults(
    capped(CERTIFICATES_OF_USERS * timesADay(users?.maxValiditySeconds ?? DAY_SECONDS)),
    { requests: budgets.userRequestsPerDay, certificates: budgets.userCertificatesPerDay },
  );
  const ofCluster = Math.max(
    CERTIFICATES_OF_CLUSTER * renewals,
    nodes.length * ofNode.certificates + ofUsers.certificates,
  );
  const cluster = withDefaults(ofCluster, {
    requests: budgets.clusterRequestsPerDay,
    certificates: budgets.clusterCertificatesPerDay,
  });
  return { node: node === USERS ? ofUsers : ofNode, cluster };
}

const capped = (certificates: number) => Math.min(certificates, MOST_CERTIFICATES_OF_NODE);

/** How many times a day something that lasts this long is needed, at least once. */
function timesADay(seconds: number): number {
  return Math.max(1, Math.ceil(DAY_SECONDS / Math.max(1, seconds)));
}

function withDefaults(
  byDefault: number,
  { requests, certificates }: { [K in Budgeted]: number | undefined },
): Counts {
  return {
    certificates: certificates ?? byDefault,
    requests: requests ?? REQUESTS_PER_CERTIFICATE * Math.max(byDefault, certificates ?? 0),
  };
}
