/** Says what becomes of a validity that the service may not issue. */
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import { formatDuration } from '../../lib/duration.ts';

/** The longest validity of a trust domain whose deployment names no other: a year, as in kubeadm. */
const DEFAULT_LONGEST_SECONDS = 8760 * 3600;

/** The rules of a trust domain are in the deployment, which an operator cannot read. */
export function warnOfValidity(
  { trustDomain, validitySeconds }: ClusterRecord,
  warn: (line: string) => void,
): void {
  if (validitySeconds <= DEFAULT_LONGEST_SECONDS) return;
  warn(
    `warning: certificateValidityPeriod is ${formatDuration(validitySeconds)}, more than ${formatDuration(DEFAULT_LONGEST_SECONDS)}: requests are rejected with validity-too-long, unless the deployment allows more in trust domain ${trustDomain}`,
  );
}
