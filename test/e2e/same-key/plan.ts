/** The cluster whose CAs are renewed with the same keys. */
import { siteOf } from '../whole-cluster/plan.ts';

const RENEWING = 'renewing';

export const SITE = siteOf(RENEWING, 11, { controlPlanes: 3, workers: 1 });
/** The addresses of both are the same: only one of them runs. */
export const SMALL_SITE = siteOf(RENEWING, 11, { controlPlanes: 1, workers: 0 });

/** In test/fixtures/adopted-cas: serial number 0, and no subjectKeyIdentifier. */
export const OLD_SET = 'kubeadm-1.18-template';

/** Longer than the remaining validity of the CAs in the set. */
export const VALIDITY_DAYS = '4000';
