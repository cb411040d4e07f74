/** How often the timer runs, so that a certificate is due in several runs before it expires. */
import { CERTIFICATE_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { type ExpiresWithin, LAST_THIRD, windowOf } from '../disk/expires-within.ts';
import { isKubeletsJob } from '../disk/kubelet-rotation.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';

export interface Interval {
  /** `every day`. */
  readonly words: string;
  /** systemd.time(7). */
  readonly onCalendar: string;
  readonly seconds: number;
  /** Spreads the nodes of a fleet. */
  readonly randomDelaySeconds: number;
}

const HOUR = 3600;

/** The longest first. */
const INTERVALS = [
  { words: 'every day', onCalendar: 'daily', seconds: 24 * HOUR, randomDelaySeconds: 12 * HOUR },
  {
    words: 'every six hours',
    onCalendar: '*-*-* 00/6:00:00',
    seconds: 6 * HOUR,
    randomDelaySeconds: 3 * HOUR,
  },
  { words: 'every hour', onCalendar: 'hourly', seconds: HOUR, randomDelaySeconds: HOUR / 2 },
  {
    words: 'every ten minutes',
    onCalendar: '*:00/10',
    seconds: HOUR / 6,
    randomDelaySeconds: HOUR / 12,
  },
] as const satisfies readonly Interval[];

export const EVERY_DAY: Interval = INTERVALS[0];

/** A run may fail, and the next one must still be in time. */
const RUNS = 2;

/** @param windowSeconds how long before its end the first certificate is due */
export function intervalFor(windowSeconds: number): Interval {
  const fits = (one: Interval) => RUNS * (one.seconds + one.randomDelaySeconds) <= windowSeconds;
  return INTERVALS.find(fits) ?? INTERVALS[3];
}

export interface Lifetime {
  readonly name: string;
  readonly seconds: number;
}

/** The certificate of this node with the shortest lifetime; undefined if it has no certificates yet, as in an image build. */
export function shortestLifetime(folders: NodeFolders): Lifetime | undefined {
  const found = CERTIFICATE_NAMES.flatMap((name): Lifetime[] => {
    const place = readPlace(placeOf(name, folders));
    if (place.state !== 'present' || isKubeletsJob(place)) return [];
    const { validFrom, validTo } = place.leaf;
    return [{ name, seconds: (Date.parse(validTo) - Date.parse(validFrom)) / 1000 }];
  });
  return found.sort((a, b) => a.seconds - b.seconds)[0];
}

/** @returns a warning if the rule renews a certificate in every run; otherwise undefined */
export function describeEveryRun(
  rule: ExpiresWithin,
  shortest: Lifetime | undefined,
): string | undefined {
  if (!shortest || windowOf(rule, shortest.seconds) < shortest.seconds) return undefined;
  return `warning: every run renews ${shortest.name}, which is valid for ${lifetimeWords(shortest.seconds)}: ${rule.text} is at least as long; without --if-expires-within a certificate is renewed in the last third of its lifetime`;
}

/** @returns a warning for the platform team if a daily timer is too slow for this validity; otherwise undefined */
export function describeShortValidity(validitySeconds: number): string | undefined {
  const { seconds, words } = intervalFor(windowOf(LAST_THIRD, validitySeconds));
  if (seconds >= EVERY_DAY.seconds) return undefined;
  return `warning: certificates that are valid for ${lifetimeWords(validitySeconds)} need a timer that runs ${words}: once a node has them, run cakeless install-timer on it again`;
}

/** `30 days`, `24 hours`. */
export function lifetimeWords(seconds: number): string {
  const hours = Math.round(seconds / HOUR);
  return hours > 48 ? `${Math.round(hours / 24)} days` : `${hours} hours`;
}
