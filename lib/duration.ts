/** Durations as Go reads them (`time.ParseDuration`), such as kubeadm's certificateValidityPeriod: `8760h0m0s`, `1.5h`. */

import type { JsonForm } from './names.ts';

/** In nanoseconds. Both spellings of micro: U+00B5 and U+03BC. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const NANOSECONDS_PER_SECOND = 1_000_000_000n;
/** A Go duration is an int64 of nanoseconds: 292 years. */
const LONGEST = 2n ** 63n - 1n;
const PART = /(\d*)(?:\.(\d*))?([^\d.]+)/y;

export const DURATION_FORM: JsonForm = {
  pattern: /^\+?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/,
};

/** Nanoseconds; undefined for what `time.ParseDuration` (Go src/time/format.go) does not accept. */
export function parseGoDuration(text: string): bigint | undefined {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0n;
  let total = 0n;
  let position = 0;
  while (position < rest.length) {
    PART.lastIndex = position;
    const match = PART.exec(rest);
    const part = match ? nanosecondsOf(match) : undefined;
    if (part === undefined) return undefined;
    total += part;
    position = PART.lastIndex;
  }
  const value = sign === '-' ? -total : total;
  return position > 0 && value <= LONGEST && value >= -LONGEST - 1n ? value : undefined;
}

/** A number and its unit; undefined if there is no digit, or no such unit. */
function nanosecondsOf([, whole = '', fraction = '', name = '']: RegExpExecArray) {
  const unit = Object.hasOwn(UNITS, name) ? UNITS[name] : undefined;
  if (unit === undefined || whole + fraction === '') return undefined;
  return BigInt(whole || '0') * unit + fractionOf(fraction, Number(unit));
}

/** In floating point, and without digits that an int64 cannot hold, as in Go: `.333h` is rounded in the same place. */
function fractionOf(digits: string, unit: number): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (next > LONGEST + 1n) break;
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (unit / scale)));
}

/** Whole seconds, rounded down as dates in certificates are; undefined for less than a second, and for no duration. */
export function parseDurationSeconds(text: string): number | undefined {
  const nanoseconds = parseGoDuration(text);
  if (nanoseconds === undefined || nanoseconds < NANOSECONDS_PER_SECOND) return undefined;
  return Number(nanoseconds / NANOSECONDS_PER_SECOND);
}

/** `3600` as `1h0m0s`. */
export function formatDuration(seconds: number): string {
  return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m${seconds % 60}s`;
}
