/** Runs the command as a process and sets its exit code. */
import { EXIT } from './exit-codes.ts';
import { type Form, main } from './main.ts';
import { isReaderGone, watchOutput } from './output.ts';
import { systemPrompt } from './prompt.ts';
import { terminal } from './terminal.ts';

/** @param args without node and script */
export async function run(args: readonly string[], form: Form = {}): Promise<void> {
  const output = watchOutput(process.stdout, process.stderr);
  const exitCode = await main(args, { ...terminal, lost: output.lost }, systemPrompt, form);
  const error = await output.lost();
  process.exitCode = exitCode;
  if (error === undefined || isReaderGone(error)) return;
  terminal.progress(`cakeless: the result could not be written: ${error.message}`);
  if (exitCode === EXIT.done) process.exitCode = EXIT.failure;
}
