import { execFile } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const REQUIRE =
  "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";

/**
 * The command with `cakeless local` as one file, built once in each run of jest. The sources would be compiled in each
 * process that a suite starts, which takes six times the CPU time.
 */
export async function serviceProgram(): Promise<string> {
  const program = join(runFolder(), 'service.mjs');
  if (existsSync(program)) return program;
  // two workers may both build it; each puts a whole file in place
  const unfinished = `${program}.${process.pid}`;
  await promisify(execFile)(resolve('node_modules/.bin/esbuild'), [
    ...['client/bundled/entry.ts', '--bundle', '--platform=node', '--format=esm'],
    ...['--target=node20.19', '--main-fields=module,main', '--log-level=error'],
    ...[`--outfile=${unfinished}`, '--allow-overwrite', `--banner:js=${REQUIRE}`],
  ]);
  renameSync(unfinished, program);
  return program;
}

/** For what is made once in a run. jest-global-setup.cjs makes it, and it is removed after the run. */
export function runFolder(): string {
  const folder = process.env.CAKELESS_TEST_RUN;
  if (!folder) throw new Error('CAKELESS_TEST_RUN is not set');
  return folder;
}
