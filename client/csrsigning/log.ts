/** One line for each event, on standard error: text, or JSON for a log collector. */
import type { Terminal } from '../terminal.ts';
import { Recent } from './recent.ts';

export type LogLevel = 'info' | 'warning' | 'error';

export interface LogFields {
  /** Name of the CSR. */
  readonly csr?: string;
  readonly uid?: string;
  readonly signer?: string;
  readonly requester?: string;
  readonly commonName?: string;
  readonly attempt?: number;
}

export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

export function newLog(
  terminal: Pick<Terminal, 'progress'>,
  format: 'text' | 'json',
  now: () => Date,
): Log {
  return (level, message, fields = {}) => {
    const time = now().toISOString();
    const named = Object.entries(fields).map(([name, value]) => ` ${name}=${quoted(value)}`);
    terminal.progress(
      format === 'json'
        ? JSON.stringify({ time, level, message, ...fields })
        : `${time} ${level} ${message}${named.join('')}`,
    );
  };
}

const quoted = (value: string | number): string =>
  /^[\w.:@/-]+$/.test(String(value)) ? String(value) : JSON.stringify(value);

const REPEAT_MS = 60_000;
/** Different messages that are remembered; a message may contain the name of an object. */
const MAX_REMEMBERED = 100;

/** Passes the same message on at most once a minute: without a network, each CSR fails for the same reason. */
export function quiet(log: Log, monotonic: () => number): Log {
  const saidAt = new Recent<number>(MAX_REMEMBERED);
  return (level, message, fields) => {
    const now = monotonic();
    if (now - (saidAt.get(message) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    saidAt.set(message, now);
    log(level, message, fields);
  };
}
