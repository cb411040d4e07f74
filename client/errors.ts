/**
 * What can go wrong that a person can do something about. Everything below the commands throws a `CommandError` with a
 * code of this closed union; `client/exit-codes.ts` says which exit code the process gets for it.
 */
export type ErrorCode =
  /** Wrong arguments, or a file that cannot be used. */
  | 'usage'
  /** Something unexpected on this machine: a full disk, a file of Cakeless that another version wrote. */
  | 'failure'
  /** A file of this node changed while the command worked on it. */
  | 'conflict'
  /** Another run on this node holds the lock. */
  | 'run-in-progress'
  /** The service answered that these credentials are not allowed to do this. */
  | 'denied'
  /** A certificate, or what should vouch for one, is not what it should be; it was not written. */
  | 'check-failed'
  /** Something was not answered or granted in time. */
  | 'pending'
  /** A component did not become healthy with the new certificates; the old files are restored. */
  | 'rolled-back';

/** An error whose message, and hint, are all that is printed. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly code: ErrorCode;
  /** What to do next. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
