/** The monthly cost of a fleet: counted calls times public prices. docs/cost.md has the result. */
import { SHARES } from '../../lib/reconcile/find-unfinished.ts';
import { CALLS_PER_CERTIFICATE, REPORT_CALLS } from './calls.ts';
import { PRICES } from './prices.ts';

/** A cluster as docs/cost.md describes it: three control-plane nodes with eleven certificates each, ten workers with one. */
const NODES_PER_CLUSTER = 3 + 10;
const CERTIFICATES_PER_CLUSTER = 3 * 11 + 10;
/** Certificates are valid for a year and renewed 60 days before they expire. */
const RENEWALS_PER_MONTH = 365 / 12 / (365 - 60);
const CAS = 4;
const SECONDS_PER_MONTH = (365 / 12) * 24 * 3600;
const KEYS_PER_LIST = 1_000;
const EXPIRY_DAYS = 90;
/** Up to a thousand cluster records; one is read only if it has changed. */
const CLUSTER_LISTS = 1;

/** What the deployed service has, as test/infra/cost.test.ts reads it from the synthesized template. */
export interface Fixed {
  readonly alarms: number;
  readonly metrics: number;
  /** Queues that Lambda polls. */
  readonly queues: number;
  /** The interval of reconcile. */
  readonly reconcileSeconds: number;
  /** The memory of the functions, in GB. */
  readonly memory: Readonly<Record<'triage' | 'sign' | 'reconcile' | 'watch', number>>;
}

export interface Fleet {
  readonly clusters: number;
  readonly trustDomains: number;
}

export interface MonthlyCost {
  readonly certificates: number;
  readonly keys: number;
  readonly certificatesCost: number;
  readonly watching: number;
  readonly total: number;
  readonly privateCa: number;
}

export function monthlyCost({ clusters, trustDomains }: Fleet, fixed: Fixed): MonthlyCost {
  const certificates = clusters * CERTIFICATES_PER_CLUSTER * RENEWALS_PER_MONTH;
  const keys = trustDomains * CAS * PRICES.kmsKeyMonth;
  const certificatesCost = certificates * costPerCertificate(fixed);
  const watching =
    fixedCost(fixed) + reconcileCost(certificates, fixed) + clusters * reportsCostPerCluster();
  return {
    certificates,
    keys,
    certificatesCost,
    watching,
    total: keys + certificatesCost + watching,
    privateCa: trustDomains * CAS * PRICES.privateCaMonth + privateCaCertificates(certificates),
  };
}

/**
 * An upper bound: one second of triage, sign and watch-signatures for each certificate, each in a separate call although
 * a batch shares one, and three log lines of a kilobyte.
 */
export function costPerCertificate({ memory }: Fixed, calls = CALLS_PER_CERTIFICATE): number {
  const { kmsSign, s3Put, s3Get, sqs } = calls;
  return (
    kmsSign * PRICES.kmsSignEcc +
    s3Put * PRICES.s3Put +
    s3Get * PRICES.s3Get +
    sqs * PRICES.sqsRequest +
    3 * PRICES.lambdaRequest +
    (memory.triage + memory.sign + memory.watch) * PRICES.lambdaGbSecond +
    3e-6 * PRICES.logGb
  );
}

/** An idle queue is not free: Lambda keeps five long polls of twenty seconds open. */
function fixedCost({ alarms, metrics, queues }: Fixed): number {
  return (
    alarms * PRICES.alarmMonth +
    metrics * PRICES.metricMonth +
    PRICES.dashboardMonth +
    queues * 5 * (SECONDS_PER_MONTH / 20) * PRICES.sqsRequest
  );
}

/**
 * Each run lists the requests and outcomes that have not expired, with a limited number of calls, and the cluster records. It takes a second, and
 * a tenth of one for each call.
 */
export function reconcileCost(certificates: number, { reconcileSeconds, memory }: Fixed): number {
  const runs = SECONDS_PER_MONTH / reconcileSeconds;
  const objects = certificates * (EXPIRY_DAYS / (365 / 12));
  const ofRequests = Math.min(SHARES.run, 2 * Math.max(1, Math.ceil(objects / KEYS_PER_LIST)));
  const lists = ofRequests + CLUSTER_LISTS;
  const gbSeconds = (1 + lists * 0.1) * memory.reconcile;
  return runs * (lists * PRICES.s3Put + PRICES.lambdaRequest + gbSeconds * PRICES.lambdaGbSecond);
}

/** The timer of each node runs once a day. */
export const reportsCostPerCluster = (): number =>
  NODES_PER_CLUSTER *
  (365 / 12) *
  (REPORT_CALLS.put * PRICES.s3Put + REPORT_CALLS.get * PRICES.s3Get);

function privateCaCertificates(certificates: number): number {
  let [cost, counted] = [0, 0];
  for (const { upTo, each } of PRICES.privateCaCertificates) {
    const inTier = Math.max(0, Math.min(certificates, upTo) - counted);
    cost += inTier * each;
    counted += inTier;
  }
  return cost;
}
