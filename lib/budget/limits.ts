/** How many requests and certificates a node, and a cluster, may have in a day. */
import type { ClusterRecord } from '../cluster/record.ts';
import type { Budgeted } from '../contract/day-budget.ts';
import { CSR, CSR_USERS_HOLDER, isBootstrapHolder, USERS } from '../contract/request-kinds.ts';
import { CERTIFICATE_NAMES } from '../profiles/certificate-names.ts';

export type Counts = Readonly<Record<Budgeted, number>>;

export interface BudgetLimits {
  /**
   * Of one node, of all users of a cluster who upload, of all whose CSRs are forwarded, of a bootstrap token, or of all
   * names that its record does not know.
   */
  readonly node: Counts;
  /** What the cluster's, or all bootstrap tokens of it, may draw together; undefined: nothing is drawn. */
  readonly cluster: Counts | undefined;
}

const DAY_SECONDS = 24 * 60 * 60;
/** kubeadm's default, for clusters without a record. */
const YEAR_SECONDS = 365 * DAY_SECONDS;

/** Each name a hundred times a day: more than people and timers need to set up, repair and test one node. */
const CERTIFICATES_OF_NODE = 100 * CERTIFICATE_NAMES.length;
/**
 * kubelet-client and kubelet-serving, each ten times as often as it is renewed: a kubelet repeats a request that failed,
 * and requests a new serving certificate when its addresses change.
 */
const CERTIFICATES_OF_KUBELET = 10 * 2;
const CERTIFICATES_OF_USERS = 1000;
const CERTIFICATES_OF_CLUSTER = 20_000;
/** Half of what is requested may be rejected. */
const REQUESTS_PER_CERTIFICATE = 2;
/**
 * A forwarder repeats a request for an unknown name each quarter of an hour: enough for twenty nodes that wait for the
 * record, and little in the ledger if someone invents names.
 */
const REQUESTS_OF_UNKNOWN_NAMES = 2000;
/**
 * With certificates of a few minutes a node would otherwise have so much that its counter, with 24 bytes for each
 * request and each certificate, becomes larger than a document may be (4 MiB): then nothing of the day could be decided.
 */
const MOST_CERTIFICATES_OF_NODE = 50_000;

/**
 * A first certificate each for the nodes that join on a day with one token; a cluster that needs more, or whose token was
 * stolen and used up, creates another token. Nodes that have joined need none of it.
 */
const CERTIFICATES_OF_BOOTSTRAP_TOKEN = 2000;
/** Five tokens. A forwarder could otherwise invent tokens, and have certificates without end. */
const CERTIFICATES_OF_BOOTSTRAP_TOKENS = 10_000;

/**
 * @param holder a node, the word of users, that of users' CSRs, a bootstrap token, or the word of CSRs for all names that
 * the record does not know
 */
export function limitsOf(record: ClusterRecord | undefined, holder: string): BudgetLimits {
  if (holder === CSR) return { node: OF_UNKNOWN_NAMES, cluster: undefined };
  if (isBootstrapHolder(holder)) return OF_BOOTSTRAP_TOKEN;
  const {
    budgets = {} as ClusterRecord['budgets'],
    users,
    csrSigning,
    validitySeconds = YEAR_SECONDS,
    nodes = [],
  } = record ?? {};
  const renewals = renewalsADay(validitySeconds);
  const ofKubelets = csrSigning ? renewalsADay(csrSigning.maxValiditySeconds) : 0;
  const ofNode = withDefaults(
    capped(CERTIFICATES_OF_NODE * renewals + CERTIFICATES_OF_KUBELET * ofKubelets),
    { requests: budgets.nodeRequestsPerDay, certificates: budgets.nodeCertificatesPerDay },
  );
  const ofUsers = withDefaults(
    capped(CERTIFICATES_OF_USERS * timesADay(users?.maxValiditySeconds ?? DAY_SECONDS)),
    { requests: budgets.userRequestsPerDay, certificates: budgets.userCertificatesPerDay },
  );
  const ofCluster = Math.max(
    CERTIFICATES_OF_CLUSTER * Math.max(renewals, ofKubelets),
    nodes.length * ofNode.certificates + ofUsers.certificates,
  );
  const cluster = withDefaults(ofCluster, {
    requests: budgets.clusterRequestsPerDay,
    certificates: budgets.clusterCertificatesPerDay,
  });
  // takes nothing from nodes, or from people who upload themselves
  if (holder === CSR_USERS_HOLDER) return { node: ofUsers, cluster: undefined };
  return { node: holder === USERS ? ofUsers : ofNode, cluster };
}

/** A request that was first judged without the record may still be issued, so certificates are not fewer. */
const OF_UNKNOWN_NAMES: Counts = {
  requests: REQUESTS_OF_UNKNOWN_NAMES,
  certificates: REQUESTS_OF_UNKNOWN_NAMES,
};

const OF_BOOTSTRAP_TOKEN: BudgetLimits = {
  node: twiceAsManyRequests(CERTIFICATES_OF_BOOTSTRAP_TOKEN),
  cluster: twiceAsManyRequests(CERTIFICATES_OF_BOOTSTRAP_TOKENS),
};

function twiceAsManyRequests(certificates: number): Counts {
  return { certificates, requests: REQUESTS_PER_CERTIFICATE * certificates };
}

/** Clients renew in the last third of a certificate's life. */
const renewalsADay = (validitySeconds: number) => timesADay((validitySeconds * 2) / 3);

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
