/** What the operating system refused, in words of what to do about it. */
import { CommandError } from './errors.ts';

/** Nothing that is done before privileges are lacking is lost: the same command goes on. */
export function explainSystemError(error: unknown, userId: number | undefined): unknown {
  const { code, message } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (message === undefined || userId === 0) return error;
  if (code !== 'EACCES' && code !== 'EPERM') return error;
  return new CommandError(
    'usage',
    message,
    "run it as root: a node's keys are root's. Elsewhere, name files and folders that you may read and write",
  );
}
