/** The command in child processes that are killed, or fail, at a call that changes a file (kill-shim.cjs). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';

const COMMAND = resolve('client', 'main.ts');
const SHIM = resolve('test', 'support', 'kill-shim.cjs');

export interface ShimOptions {
  /** Number of the call to be killed at; 1 is the first. */
  readonly killAt?: number;
  /** Number of the call that fails, and the error code. */
  readonly failAt?: number;
  readonly failWith?: string;
}

/** A call that changes a file below the watched folder, such as `rename` of `/tmp/x/pki/apiserver.crt.17-3.tmp`. */
export interface ChangingCall {
  readonly name: string;
  readonly path: string;
}

export interface KilledRun {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** All calls; empty if it was killed. */
  readonly calls: readonly ChangingCall[];
  /** Files with a key that other users could read at some moment; undefined if it was killed. */
  readonly exposed: readonly string[] | undefined;
}

export class KilledCommand {
  readonly #tools = mkdtempSync(join(tmpdir(), 'cakeless-kill-'));
  readonly #command = join(this.#tools, 'cakeless.mjs');

  /** @param program what to run with the arguments of the command; by default the command itself */
  constructor(program = COMMAND) {
    // a bundle starts in a third of the time
    const entry = join(this.#tools, 'entry.mjs');
    writeFileSync(
      entry,
      `import { main } from ${JSON.stringify(program)};\nprocess.exitCode = await main(process.argv.slice(2));\n`,
    );
    buildSync({
      entryPoints: [entry],
      outfile: this.#command,
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      logLevel: 'error',
    });
  }

  close(): void {
    rmSync(this.#tools, { recursive: true });
  }

  /** @param folder the node's /etc/kubernetes: calls below it count */
  run(
    folder: string,
    environment: Readonly<Record<string, string>>,
    args: readonly string[],
    { killAt, failAt, failWith = '' }: ShimOptions = {},
  ): KilledRun {
    const report = join(this.#tools, 'report.json');
    const env = {
      ...process.env,
      ...environment,
      CAKELESS_NODE: folder,
      SHIM_REPORT: report,
      ...(killAt !== undefined && { KILL_AT: String(killAt) }),
      ...(failAt !== undefined && { FAIL_AT: String(failAt), FAIL_WITH: failWith }),
    };
    const all = ['--require', SHIM, this.#command, ...args];
    const { error, ...run } = spawnSync(process.execPath, all, { env, encoding: 'utf8' });
    if (error) throw error;
    const written = run.signal ? undefined : JSON.parse(readFileSync(report, 'utf8'));
    return { ...run, calls: written?.calls ?? [], exposed: written?.exposed };
  }
}
