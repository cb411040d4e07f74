/** Durations as Go writes them (`8760h0m0s`), such as kubeadm's certificateValidityPeriod. */

const UNITS: Record<string, number> = { h: 3600, m: 60, s: 1 };
const DURATION = /^(?:\d{1,9}[hms])+$/;

/** Whole seconds; undefined unless the text is a positive duration in hours, minutes and seconds. */
export function parseDurationSeconds(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit = ''] of text.matchAll(/(\d+)([hms])/g))
    seconds += Number(count) * (UNITS[unit] ?? 0);
  return seconds > 0 ? seconds : undefined;
}

/** `3600` as `1h0m0s`. */
export function formatDuration(seconds: number): string {
  return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m${seconds % 60}s`;
}
