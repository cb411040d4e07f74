/** The clusters whose CAs are rotated. */
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { type Site, siteOf } from '../whole-cluster/plan.ts';

export const TURNING = 'turning';

/** The second worker has no AWS credentials, and joins late. */
export const SITE = siteOf(TURNING, 9, { controlPlanes: 3, workers: 2 });
/** The addresses of both are the same: only one of them runs. */
export const SMALL_SITE = siteOf(TURNING, 9, { controlPlanes: 1, workers: 2 });

/** The rehearsal first: nothing restarts for it. */
const ORDER: readonly CaName[] = ['front-proxy-ca', 'etcd-ca', 'ca'];

type BackAndForth = `back-and-forth-${CaName}`;
const backAndForth = (ca: CaName): BackAndForth => `back-and-forth-${ca}`;

/** A CA's name is its rotation from start to end. */
export type Course = CaName | BackAndForth | 'compromised' | 'absent' | 'subordinate';

/** What is done with one cluster, in this order. */
export const COURSES: readonly Course[] = [
  ...ORDER,
  ...ORDER.map(backAndForth),
  'compromised',
  'absent',
  'subordinate',
];

export const isCa = (course: Course): course is CaName => ORDER.includes(course as CaName);

/** The CA whose rotation goes back and forth. */
export const backAndForthCa = (course: Course): CaName | undefined =>
  ORDER.find((ca) => backAndForth(ca) === course);

/** One control plane cannot do without its API server while that restarts. */
export const isSmall = ({ controlPlanes }: Site): boolean => controlPlanes.length === 1;

/** Kubelets replace certificates of ten minutes within minutes, as they replace those of a year within months. */
export const KUBELET_CERTIFICATES = '10m0s';

/**
 * The minimum duration of `issue`, and the maximum age of a report. They are short so that a whole rotation fits into an hour;
 * the rules are the same.
 */
export const GATE_RULES = { heardWithinSeconds: 3600, issueSeconds: 5, goneAfterSeconds: 3600 };
