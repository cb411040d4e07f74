/** Runs the command in this process, and keeps its exit code and what it prints. */
import { main } from '../../client/main.ts';
import { type Variables, withCapturedOutput, withEnvironment } from './restored.ts';

export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param environment variables for the call; one that is undefined is removed */
export async function cakeless(environment: Variables, ...args: string[]): Promise<Run> {
  const { result, stdout, stderr } = await withEnvironment(environment, () =>
    withCapturedOutput(() => main(args)),
  );
  return { exitCode: result, stdout, stderr };
}
