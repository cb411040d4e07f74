/** cfssl's signer in a separate process (bench/cfssl/main.go), where a Go toolchain can build it. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const SOURCE = resolve('bench', 'cfssl');
const PROGRAM = resolve('dist', 'bench-cfssl');

/** Why it cannot be built here; undefined if it was built. */
export function buildCfssl(): string | undefined {
  try {
    const environment = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };
    const args = ['build', '-trimpath', '-buildvcs=false', '-o', PROGRAM, '.'];
    execFileSync('go', args, {
      cwd: SOURCE,
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
}

export interface CfsslFiles {
  readonly caCertificate: string;
  readonly caKey: KeyObject;
  /** PEM; used in turn. */
  readonly csrs: readonly string[];
}

export class Cfssl {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #bodies: readonly string[];
  readonly #folder: string;
  #address = '';

  private constructor(files: CfsslFiles) {
    this.#folder = mkdtempSync(join(tmpdir(), 'cakeless-bench-'));
    const write = (name: string, text: string) => {
      const file = join(this.#folder, name);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    };
    const keyText = files.caKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const args = ['-ca', write('ca.crt', files.caCertificate), '-ca-key', write('ca.key', keyText)];
    this.#child = spawn(PROGRAM, [...args, '-csrs', write('leaf.csr', files.csrs.join(''))]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
    this.#bodies = files.csrs.map((csr) => JSON.stringify({ certificate_request: csr }));
  }

  static async start(files: CfsslFiles): Promise<Cfssl> {
    const cfssl = new Cfssl(files);
    cfssl.#address = await cfssl.#line();
    return cfssl;
  }

  /** CPU microseconds to sign this many times, each with a call of the library. */
  async sign(count: number): Promise<number> {
    this.#child.stdin.write(`sign ${count}\n`);
    return Number(await this.#line());
  }

  /** CPU microseconds of cfssl's process to sign this many times, each with an HTTP request on one connection. */
  async serve(count: number): Promise<number> {
    const before = await this.#cpu();
    for (let i = 0; i < count; i++) await this.#post(this.#bodies[i % this.#bodies.length] ?? '');
    return (await this.#cpu()) - before;
  }

  stop(): void {
    this.#agent.destroy();
    this.#child.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #cpu(): Promise<number> {
    this.#child.stdin.write('cpu\n');
    return Number(await this.#line());
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('cfssl exited');
    return value;
  }

  #post(body: string): Promise<void> {
    const url = `http://${this.#address}/api/v1/cfssl/sign`;
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent: this.#agent }, (response) => {
        response.resume();
        response.on('error', reject);
        response.on('end', () =>
          response.statusCode === 200
            ? resolve()
            : reject(new Error(`cfssl responded with ${response.statusCode}`)),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
