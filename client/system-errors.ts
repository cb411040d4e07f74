/** Adds a hint to errors of missing privileges. */
import { CommandError } from './errors.ts';

/** Work that was done before the error is kept: the same command resumes it. */
export function explainSystemError(error: unknown, userId: number | undefined): unknown {
  const { code, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (message === undefined || userId === 0) return error;
  if (code !== 'EACCES' && code !== 'EPERM') return error;
  return new CommandError(
    'usage',
    message,
    'run the command as root, or use files and folders that you can read and write',
  );
}
