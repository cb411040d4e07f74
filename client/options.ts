import { isIP } from 'node:net';
import { InvalidArgumentError, Option } from 'commander';
import { KEY_KINDS } from '../lib/csr/public-key.ts';
import { parseDurationSeconds } from '../lib/duration.ts';
import { isSubdomain } from '../lib/names.ts';

export const outputOption = () =>
  new Option('-o, --output <format>', 'output format').choices(['text', 'json']).default('text');

/** For commands whose result is a table. */
export const tableOutputOption = () =>
  new Option('-o, --output <format>', 'output format; wide prints tables in full')
    .choices(['text', 'wide', 'json'])
    .default('text');

/** For documents that people write, too. */
export const documentOutputOption = (...more: readonly 'wide'[]) =>
  new Option('-o, --output <format>', 'output format')
    .choices(['text', ...more, 'json', 'yaml'])
    .default('text');

/** A name that becomes part of an object key. */
export function subdomain(text: string): string {
  if (isSubdomain(text)) return text;
  throw new InvalidArgumentError(
    'must be an RFC 1123 subdomain (lower case, digits, hyphens, dots)',
  );
}

/** A duration such as `5m`, `1h30m` or `0s`, in seconds. */
export function durationSeconds(text: string): number {
  const seconds = /^0+[hms]?$/.test(text) ? 0 : parseDurationSeconds(text);
  if (seconds !== undefined) return seconds;
  throw new InvalidArgumentError('must be a duration such as 30s, 5m or 1h30m');
}

/** A time from now, in seconds: a duration, or whole days (`30d`). */
export function timeAhead(text: string): number {
  const [, count] = /^(\d{1,5})d$/.exec(text) ?? [];
  return count === undefined ? durationSeconds(text) : Number(count) * 86_400;
}

/** The duration of a call, in milliseconds: `20ms`. */
export function milliseconds(text: string): number {
  const [, count] = /^(\d{1,5})ms$/.exec(text) ?? [];
  if (count !== undefined) return Number(count);
  throw new InvalidArgumentError('must be a time in milliseconds such as 20ms');
}

export function portNumber(text: string): number {
  return wholeNumber(text, 0, 65_535);
}

/** `127.0.0.1:10267`, `[::1]:10267`, or `:10267` for all addresses. */
export function hostAndPort(text: string): { host: string; port: number } {
  const [, inner, host = inner, port = ''] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || !isHost(host))
    throw new InvalidArgumentError('must be an address and a port such as 127.0.0.1:10267');
  return { host: host === '' ? '::' : host, port: portNumber(port) };
}

const isHost = (text: string) => text === '' || text === 'localhost' || isIP(text) !== 0;

export function days(text: string): number {
  return wholeNumber(text, 1, 36_500);
}

function wholeNumber(text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}`);
}

/** Collects an option that may be given several times. */
export function collect(value: string, values: string[] = []): string[] {
  return [...values, value];
}

export const keyAlgorithmOption = () =>
  new Option('--key-algorithm <kind>', 'key algorithm to use instead of the current one').choices(
    KEY_KINDS,
  );

/** How long to wait for a component, in seconds. */
export const restartTimeoutOption = () =>
  new Option(
    '--restart-timeout <duration>',
    'how long a component may take to stop and to become healthy',
  )
    .argParser(durationSeconds)
    .default(300, '5m');

/** A duration that is passed on as written: `8h`, `1h30m`. */
export function durationText(text: string): string {
  if (parseDurationSeconds(text) !== undefined) return text;
  throw new InvalidArgumentError('must be a duration such as 30m, 8h or 1h30m');
}

export function httpsUrl(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return text;
  throw new InvalidArgumentError('must be an https:// URL');
}

/** For `--reason`: a sentence or two, in characters. */
export const MAX_REASON_LENGTH = 1000;
