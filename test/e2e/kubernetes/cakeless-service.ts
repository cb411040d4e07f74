/** The service that stands in for the deployed one, and the command as a user runs it: a process for each call. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  COMMAND,
  type Environment,
  type ServiceProcess,
  startServiceProcess,
} from '../../support/running-service-process.ts';
import { type Ran, run } from './program.ts';

export class CakelessService {
  readonly dataDir: string;
  readonly #process: ServiceProcess;

  private constructor(process: ServiceProcess, dataDir: string) {
    this.#process = process;
    this.dataDir = dataDir;
  }

  static async start(folder: string): Promise<CakelessService> {
    mkdirSync(folder, { recursive: true });
    return new CakelessService(await startServiceProcess(folder), join(folder, 'data'));
  }

  /** The environment of `administrator`, `approver` or `node:<cluster>/<node>`. */
  environment(principal: string): Environment {
    return this.#process.as(principal);
  }

  cakeless(principal: string, ...args: string[]): Promise<Ran> {
    const env = { ...process.env, ...this.environment(principal) };
    return run([process.execPath, '--', COMMAND, ...args], { env });
  }

  /** @throws Error with what the command said, unless it ends with one of these codes */
  async mustCakeless(principal: string, args: string[], codes: number[] = [0]): Promise<string> {
    const ran = await this.cakeless(principal, ...args);
    if (codes.includes(ran.exitCode)) return ran.stdout;
    throw new Error(`cakeless ${args.join(' ')} ended with ${ran.exitCode}: ${ran.stderr}`);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
