/** The clusters whose CAs are rotated. */
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { siteOf } from '../whole-cluster/plan.ts';

export const TURNING = 'turning';

/** The second worker has no AWS credentials, and joins late. */
export const SITE = siteOf(TURNING, 9, { controlPlanes: 3, workers: 2 });
/** The addresses of both are the same: only one of them runs. */
export const SMALL_SITE = siteOf(TURNING, 9, { controlPlanes: 1, workers: 2 });

/** The rehearsal first: nothing restarts for it. */
export const ORDER: readonly CaName[] = ['front-proxy-ca', 'etcd-ca', 'ca'];

/** Kubelets replace certificates of ten minutes within minutes, as they replace those of a year within months. */
export const KUBELET_CERTIFICATES = '10m0s';

/**
 * The minimum duration of `issue`, and the maximum age of a report. They are short so that a whole rotation fits into an hour;
 * the rules are the same.
 */
export const GATE_RULES = { heardWithinSeconds: 3600, issueSeconds: 5, goneAfterSeconds: 3600 };
