/** Exit codes of the command, as in the table of docs/command.md. */
import { Fault, type FaultCode } from '../lib/fault.ts';
import { CommandError, type ErrorCode } from './errors.ts';

export const EXIT = {
  done: 0,
  /** Something unexpected, such as a bug or a full disk. */
  failure: 1,
  /** Invalid arguments, or a file that cannot be used. */
  usage: 2,
  /** At least one request was rejected. */
  rejected: 3,
  /** A request has no certificate yet: it needs approval, or has no outcome. A rotation waits for evidence or an approval. */
  pending: 4,
  /** The service did not respond. */
  unreachable: 5,
  /** The service denied the call to these credentials, or an approval by them would not count. */
  denied: 6,
  /** A certificate failed a check; if it came from the service, it was not written. */
  checkFailed: 7,
  /** A certificate of this node has expired, or expires soon. */
  expiring: 8,
  /** A component did not become healthy with what was changed, or a proof failed; the old files were restored. */
  rolledBack: 9,
  /** The files are correct; a component that uses them has to be restarted by hand. */
  byHand: 10,
  /** The files are correct, but a component is unhealthy: it was before the command, or is after a rollback. */
  unhealthy: 11,
  /** Another run is in progress on this node, or changed the same document in the meantime; nothing was done. */
  busy: 12,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const EXIT_OF_ERROR: Readonly<Record<ErrorCode, ExitCode>> = {
  usage: EXIT.usage,
  failure: EXIT.failure,
  'file-changed': EXIT.failure,
  'run-in-progress': EXIT.busy,
  conflict: EXIT.busy,
  denied: EXIT.denied,
  'check-failed': EXIT.checkFailed,
  pending: EXIT.pending,
  'rolled-back': EXIT.rolledBack,
};

/** For a fault of the service, or of a call to it. */
const EXIT_OF_FAULT: Readonly<Record<FaultCode, ExitCode>> = {
  unavailable: EXIT.unreachable,
  'not-allowed': EXIT.denied,
  'not-configured': EXIT.usage,
  'request-malformed': EXIT.usage,
  'document-malformed': EXIT.failure,
  'lint-failed': EXIT.failure,
  'signature-invalid': EXIT.failure,
};

/** The exit code for what was thrown. */
export function exitCodeOfError(error: unknown): ExitCode {
  if (error instanceof CommandError) return EXIT_OF_ERROR[error.code];
  return error instanceof Fault ? EXIT_OF_FAULT[error.code] : EXIT.failure;
}
