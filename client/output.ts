/**
 * Standard output and standard error of this process, when nobody reads them any more or they can't be written. Neither
 * ends a command: what it has begun to change, it changes to the end.
 */

export interface Output {
  /** Why not all that was printed has been taken; waits until that is known. undefined if it has. */
  lost(): Promise<Error | undefined>;
}

/** From now on an error of either stream is kept, and ends nothing. To be called once for a process. */
export function watchOutput(stdout: NodeJS.WritableStream, stderr: NodeJS.WritableStream): Output {
  let error: Error | undefined;
  stdout.on('error', (first: Error) => {
    error ??= first;
  });
  // there is nowhere left to say it
  stderr.on('error', () => undefined);
  return {
    lost: async () => {
      await new Promise<void>((taken) => stdout.write('', () => taken()));
      return error;
    },
  };
}

/** Whoever reads has what they want and has gone, as `head` does. */
export const isReaderGone = (error: Error) => (error as NodeJS.ErrnoException).code === 'EPIPE';
