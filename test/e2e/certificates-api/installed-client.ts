/** The command as packages install it, which the unit runs: its chunks, without `cakeless local`. */
import { join } from 'node:path';
import { mustRun } from '../harness/program.ts';

/** @returns the program */
export async function buildInstalled(folder: string): Promise<string> {
  await mustRun([process.execPath, 'client/bundle.mjs', folder]);
  return join(folder, 'bundle', 'cakeless.mjs');
}
