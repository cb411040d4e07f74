/**
 * Errors that the user can act on. Everything below the commands throws a `CommandError` with a code of this closed
 * union; `client/exit-codes.ts` maps the code to an exit code.
 */
import { UnreadableFileError } from '../lib/files/read-file.ts';
import { UnsafePathError } from '../lib/files/trust.ts';

export type ErrorCode =
  /** Invalid arguments, or a file that cannot be used. */
  | 'usage'
  /** An unexpected condition on this machine, such as a full disk or a state file of another Cakeless version. */
  | 'failure'
  /** A file of this node changed while the command worked on it. */
  | 'file-changed'
  /** Another run on this node holds the lock. */
  | 'run-in-progress'
  /** Someone else changed the same document, or what it is about, in the meantime; nothing was written. */
  | 'conflict'
  /** The service denied the call to these credentials, or an approval by them would not count. */
  | 'denied'
  /** A certificate, or the CA that should vouch for it, failed a check; it was not written. */
  | 'check-failed'
  /** An outcome, an approval or the restart lease did not arrive in time. */
  | 'pending'
  /** A component did not become healthy with what was changed, or a proof failed; the old files were restored. */
  | 'rolled-back';

/** An error that is printed as its message and hint, without a stack trace. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly code: ErrorCode;
  /** What is printed: the message, or a heading and what it lists, one line each. */
  readonly lines: readonly string[];
  /** What to do next, in the imperative. */
  readonly hint: string | undefined;

  /** @param message a line, or a heading that ends with a colon and the lines below it */
  constructor(code: ErrorCode, message: string | readonly [string, ...string[]], hint?: string) {
    const [heading, ...listed] = typeof message === 'string' ? [message] : message;
    super(listed.length === 0 ? heading : `${heading} ${listed.join('; ')}`);
    this.code = code;
    this.lines = [heading, ...listed];
    this.hint = hint;
  }
}

/** System errors that another file name would avoid; the others, such as a full disk, are not the user's mistake. */
const WRONG_NAME = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ELOOP', 'ENAMETOOLONG', 'EINVAL'];

/**
 * The error for a file or folder that the user named and that cannot be used. Missing permissions stay the system's error:
 * `main` says for all of these to run the command as root.
 */
export function unusableFile(file: string, error: unknown): unknown {
  if (error instanceof UnreadableFileError)
    return new CommandError('usage', `${file}: ${error.problem}`);
  if (error instanceof CommandError || error instanceof UnsafePathError) return error;
  const { code = '', message = String(error) } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (code === 'EACCES' || code === 'EPERM') return error;
  // Node: "EISDIR: illegal operation on a directory, read"
  if (code === 'EISDIR') return new CommandError('usage', `${file}: is a directory`);
  // "ENOENT: no such file or directory, open 'FILE'": the file is named already
  const [, problem = message] = /^[A-Z0-9]+: (.*?), \w+(?: '.*')?$/.exec(message) ?? [];
  return new CommandError(WRONG_NAME.includes(code) ? 'usage' : 'failure', `${file}: ${problem}`);
}
