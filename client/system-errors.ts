/** Adds hints to errors of this machine's files. */
import { UnsafePathError } from '../lib/files/trust.ts';
import { CommandError } from './errors.ts';

/** Work that was done before the error is kept: the same command resumes it. */
export function explainSystemError(error: unknown, userId: number | undefined): unknown {
  if (error instanceof UnsafePathError) return new CommandError('usage', error.message, MAKE_SAFE);
  const { code, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (message === undefined || userId === 0) return error;
  if (code !== 'EACCES' && code !== 'EPERM') return error;
  return new CommandError(
    'usage',
    message,
    'run the command as root, or use files and folders that you can read and write',
  );
}

const MAKE_SAFE =
  'others could redirect what root reads or writes there: use chown root and chmod go-w, or another folder';
