/** Warns about a validity that the service may reject. */
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import { formatDuration } from '../../lib/duration.ts';
import { DEFAULT_RULE } from '../../lib/trust-domain-rules.ts';

/** The rules of a trust domain are in the deployment, which an operator cannot read. */
export function warnOfValidity(
  { trustDomain, validitySeconds }: ClusterRecord,
  warn: (line: string) => void,
): void {
  const { maxValiditySeconds } = DEFAULT_RULE;
  if (validitySeconds <= maxValiditySeconds) return;
  warn(
    `warning: certificateValidityPeriod is ${formatDuration(validitySeconds)}, more than ${formatDuration(maxValiditySeconds)}: requests are rejected with validity-too-long, unless the deployment allows more in trust domain ${trustDomain}`,
  );
}
