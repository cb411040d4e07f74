/**
 * Handles standard output and standard error that are closed or cannot be written. This does not abort a command: it
 * completes the changes that it has begun.
 */

export interface Output {
  /** The error that lost part of standard output, once all writes are done; undefined if nothing was lost. */
  lost(): Promise<Error | undefined>;
}

/** Records errors of both streams instead of letting them terminate the process. Call it once per process. */
export function watchOutput(stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream): Output {
  let error: Error | undefined;
  stdout.on('error', (first: Error) => {
    error ??= first;
  });
  // there is no stream left to report it on
  stderr.on('error', () => undefined);
  return {
    lost: async () => {
      await new Promise<void>((written) => stdout.write('', () => written()));
      return error;
    },
  };
}

/** The reader has closed the pipe, as `head` does. */
export const isReaderGone = (error: Error) => (error as NodeJS.ErrnoException).code === 'EPIPE';
