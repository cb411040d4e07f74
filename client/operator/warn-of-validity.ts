/** Warns about a validity that the service may reject. */
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import { formatDuration } from '../../lib/duration.ts';
import { DEFAULT_RULE } from '../../lib/trust-domain-rules.ts';

/**
 * The rules of a trust domain are in the deployment, which an operator cannot read.
 * @returns undefined if every deployment accepts the validity
 */
export function describeLongValidity({
  trustDomain,
  validitySeconds,
}: ClusterRecord): string | undefined {
  const { maxValiditySeconds } = DEFAULT_RULE;
  if (validitySeconds <= maxValiditySeconds) return undefined;
  return `warning: certificateValidityPeriod is ${formatDuration(validitySeconds)}, more than ${formatDuration(maxValiditySeconds)}: requests are rejected with validity-too-long, unless the deployment allows more in trust domain ${trustDomain}`;
}
