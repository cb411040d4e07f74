/** What the daily check found, for approvers: they cannot have clusters examined, and decide about `retire` anyway. */
import type { RotationPlan } from '../../lib/rotating/rotation-request.ts';
import { waive } from '../../lib/rotating/waive.ts';
import type { ShownStatus } from '../rotation/responses.ts';

const HOUR_MS = 60 * 60 * 1000;
/** A day, and time for a check that is late. */
const LATE_AFTER_HOURS = 26;

/** Such as `5h ago`. */
export function describeAge(at: string, now: Date): string {
  const hours = Math.floor((now.getTime() - Date.parse(at)) / HOUR_MS);
  if (hours < 1) return 'less than an hour ago';
  return hours < LATE_AFTER_HOURS ? `${hours}h ago` : `${hours}h ago, so the daily check is late`;
}

/** A list that is longer is read with `cakeless trust-domain rotation`. */
const MOST_SHOWN = 50;

/** Without what the plan waives, which it lists itself. */
export function describeSummary(
  { trustDomain, evidence, missing: all, notes, progress, leftOut }: ShownStatus,
  { waivers }: Pick<RotationPlan, 'waivers'>,
  now: Date,
): string[] {
  if (!evidence)
    return [
      'the daily check has not looked since the last change of the rotation: what still needs the old CA is unknown here; ask the operator what rotate printed, or wait for the next check',
    ];
  const { missing, notes: unused } = waive(all, waivers);
  const waived = all.length - missing.length;
  const more = Math.max(0, missing.length - MOST_SHOWN) + leftOut.missing;
  return [
    `what the daily check saw at ${evidence.at}, ${describeAge(evidence.at, now)}; this may have changed, and all clusters are examined again before the phase changes:`,
    ...progress.map(({ what, done, of }) => `ready: ${done} of ${of} ${what}`),
    ...(missing.length === 0 && leftOut.missing === 0
      ? ['missing beyond the waivers of the plan: nothing']
      : []),
    ...missing.slice(0, MOST_SHOWN).map(({ subject, why }) => `missing: ${subject}: ${why}`),
    ...(more > 0
      ? [`and ${more} more; cakeless trust-domain rotation ${trustDomain} -o json lists them`]
      : []),
    ...(waived > 0 ? [`missing, and waived by the plan: ${waived}`] : []),
    ...(leftOut.missing === 0 ? unused : []).map((note) => `note: ${note}`),
    ...notes.slice(0, MOST_SHOWN).map((note) => `note: ${note}`),
  ];
}
