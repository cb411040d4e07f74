/** Exit codes of the command; the table is in docs/command.md. */
import type { ErrorCode } from './errors.ts';

export const EXIT = {
  done: 0,
  /** Something unexpected: a bug, a full disk. */
  failure: 1,
  /** Wrong arguments, or a file that cannot be used. */
  usage: 2,
  /** At least one request was rejected. */
  rejected: 3,
  /** At least one request has no certificate yet: it waits for an approver, or was not answered in time. */
  pending: 4,
  /** The service did not answer. */
  unreachable: 5,
  /** The service answered that these credentials may not do this. */
  denied: 6,
  /** A certificate is not what it should be; one that came from the service was not written. */
  checkFailed: 7,
  /** A certificate of this node expires soon, or has expired. */
  expiring: 8,
  /** A component did not become healthy with the new certificates; the old files are restored. */
  rolledBack: 9,
  /** The files are right, but a component must be restarted by hand. */
  byHand: 10,
  /** The files are right, but a component is unhealthy: it was before, or does not recover with the restored files. */
  unhealthy: 11,
  /** Another run on this node is in progress; nothing was done. */
  busy: 12,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of a command that ends in an error. */
export const EXIT_OF_ERROR: Readonly<Record<ErrorCode, ExitCode>> = {
  usage: EXIT.usage,
  failure: EXIT.failure,
  conflict: EXIT.failure,
  'run-in-progress': EXIT.busy,
  denied: EXIT.denied,
  'check-failed': EXIT.checkFailed,
  pending: EXIT.pending,
  'rolled-back': EXIT.rolledBack,
};
