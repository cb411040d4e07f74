/** Runs the command in this process, and keeps its exit code and what it prints. */
import { main } from '../../client/main.ts';
import { noPrompt } from '../../client/prompt.ts';
import { type Variables, withCapturedOutput, withEnvironment } from './restored.ts';

export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param environment variables for the call; one that is undefined is removed */
export async function cakeless(environment: Variables, ...args: string[]): Promise<Run> {
  const { result, stdout, stderr } = await withEnvironment(environment, () =>
    withCapturedOutput(() => main(args, undefined, noPrompt)),
  );
  return { exitCode: result, stdout, stderr };
}

/** @returns standard output @throws Error with standard error, unless the command exits with 0 */
export async function mustCakeless(environment: Variables, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await cakeless(environment, ...args);
  if (exitCode === 0) return stdout;
  throw new Error(`cakeless ${args.join(' ')} exited with ${exitCode}: ${stderr}`);
}
