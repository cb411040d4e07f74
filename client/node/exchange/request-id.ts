/** Request ids, which sort by time. */
import { randomBytes } from 'node:crypto';

/** To the second, in the characters of an RFC 1123 subdomain: `20261124t120000z`. */
export const compactTime = (now: Date): string =>
  now
    .toISOString()
    .replace(/[-:]|\.\d+/g, '')
    .toLowerCase();

/** Random digits keep the ids of nodes and runs that start in the same second apart. */
export const newRequestId = (now: Date): string =>
  `${compactTime(now)}-${randomBytes(3).toString('hex')}`;
