/** The command in this process: what it prints and its exit code, under an environment that it gets for the call. */
import { main } from '../../client/main.ts';
import { type Variables, withCapturedOutput, withEnvironment } from './restored.ts';

export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `cakeless` with these arguments; an undefined variable is taken out of the environment. */
export async function cakeless(environment: Variables, ...args: string[]): Promise<Run> {
  const { result, stdout, stderr } = await withEnvironment(environment, () =>
    withCapturedOutput(() => main(args)),
  );
  return { exitCode: result, stdout, stderr };
}
