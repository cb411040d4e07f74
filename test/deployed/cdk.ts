/** The CDK command line, unchanged, against MiniStack. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ACCOUNT, type Ministack } from '../stand-in/ministack.ts';

export type Outputs = Readonly<Record<string, string>>;

/** Synthesizes once. All commands use the same assembly. */
export class Cdk {
  readonly #ministack: Ministack;
  readonly #assembly: string;

  private constructor(ministack: Ministack, assembly: string) {
    this.#ministack = ministack;
    this.#assembly = assembly;
  }

  static async synthesize(ministack: Ministack, configFile: string): Promise<Cdk> {
    const assembly = await mkdtemp(join(tmpdir(), 'cakeless-cdk-'));
    const config = ['--context', `config=${configFile}`];
    await run(ministack, ['synth', '--quiet', ...config, '--output', assembly]);
    return new Cdk(ministack, assembly);
  }

  bootstrap(): Promise<void> {
    return this.#run('bootstrap', `aws://${ACCOUNT}/${this.#ministack.region}`);
  }

  async deploy(): Promise<Outputs> {
    const file = join(this.#assembly, 'outputs.json');
    await this.#run('deploy', '--require-approval', 'never', '--outputs-file', file);
    return JSON.parse(readFileSync(file, 'utf8'))[STACK_NAME];
  }

  destroy(): Promise<void> {
    return this.#run('destroy', '--force');
  }

  #run(command: string, ...args: string[]): Promise<void> {
    return run(this.#ministack, [command, ...args, '--app', this.#assembly]);
  }
}

export const STACK_NAME = 'Cakeless';

/** @throws Error with the output of the command */
function run(ministack: Ministack, args: readonly string[]): Promise<void> {
  const env = { ...process.env, ...ministack.environment(), CI: '1', ...QUIET };
  const program = resolve('node_modules', '.bin', 'cdk');
  return new Promise((done, failed) => {
    const child = spawn(program, [...args, '--no-notices'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    child.once('error', failed);
    child.once('close', (code) => {
      if (code === 0) done();
      else failed(new Error(`cdk ${args[0]} exited with ${code}:\n${output.slice(-8000)}`));
    });
  });
}

const QUIET = {
  CDK_DISABLE_CLI_TELEMETRY: 'true',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};
