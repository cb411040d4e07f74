/** The service (`cakeless local`), and the command as a user runs it: one process for each call. */

import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { approveRequest } from '../../support/approve-command.ts';
import {
  COMMAND,
  type Environment,
  type ServiceProcess,
  startServiceProcess,
} from '../../support/running-service-process.ts';
import { balance, type LoadBalancer } from '../control-plane/load-balancer.ts';
import { type Ran, run } from './program.ts';

/** Where a command can run: the namespaces of a node. */
export interface Place {
  /** The command line that runs this command there. */
  inside(command: readonly string[]): string[];
}

export class CakelessService {
  readonly dataDir: string;
  readonly #process: ServiceProcess;
  readonly #signatures: string;
  #forward: (LoadBalancer & { url: string }) | undefined;

  private constructor(process: ServiceProcess, dataDir: string, signatures: string) {
    this.#process = process;
    this.dataDir = dataDir;
    this.#signatures = signatures;
  }

  static async start(folder: string): Promise<CakelessService> {
    mkdirSync(folder, { recursive: true });
    const signatures = join(folder, 'signatures');
    writeFileSync(signatures, '');
    const process = await startServiceProcess(folder, signatures);
    return new CakelessService(process, join(folder, 'data'), signatures);
  }

  /** How often KMS was asked to sign so far. */
  signatures(): number {
    return statSync(this.#signatures).size;
  }

  /**
   * The service listens on 127.0.0.1 only, which each network namespace has for itself. After this call, nodes reach it
   * at the given address of the test.
   */
  async openTo(address: string): Promise<void> {
    const { hostname: host, port } = new URL(this.#process.environment.AWS_ENDPOINT_URL ?? '');
    const forward = await balance(address, 0, [{ host, port: Number(port) }]);
    this.#forward = { ...forward, url: `http://${address}:${forward.port}` };
  }

  /** The environment of `administrator`, `approver` or `node:<cluster>/<node>`. */
  environment(principal: string): Environment {
    return this.#process.as(principal);
  }

  /** `environment` for a process in another network namespace. @throws Error before `openTo` */
  environmentOutside(principal: string): Environment {
    if (!this.#forward) throw new Error('the service is not open to nodes yet');
    return { ...this.environment(principal), AWS_ENDPOINT_URL: this.#forward.url };
  }

  cakeless(principal: string, ...args: string[]): Promise<Ran> {
    const env = { ...process.env, ...this.environment(principal) };
    return run([process.execPath, '--', COMMAND, ...args], { env });
  }

  /** On a node, as any principal: /etc/kubernetes, processes and network are the node's. */
  cakelessOn(place: Place, principal: string, ...args: string[]): Promise<Ran> {
    const env = { ...process.env, ...this.environmentOutside(principal) };
    return run(place.inside([process.execPath, '--', COMMAND, ...args]), { env });
  }

  /** @returns standard output @throws Error with standard error, unless the exit code is one of these */
  async mustCakeless(principal: string, args: string[], codes: number[] = [0]): Promise<string> {
    return outputOf(args, await this.cakeless(principal, ...args), codes);
  }

  /** Approves what `cakeless request show` shows. @param request its key */
  async approve(request: string, reason: string): Promise<void> {
    const cakeless = (...args: string[]) => this.mustCakeless('approver', args);
    await approveRequest(cakeless, request, reason);
  }

  /** `mustCakeless` on a node. */
  async mustCakelessOn(
    place: Place,
    principal: string,
    args: string[],
    codes: number[] = [0],
  ): Promise<string> {
    return outputOf(args, await this.cakelessOn(place, principal, ...args), codes);
  }

  async stop(): Promise<void> {
    await this.#forward?.close();
    await this.#process.stop();
  }
}

function outputOf(args: readonly string[], ran: Ran, codes: readonly number[]): string {
  if (codes.includes(ran.exitCode)) return ran.stdout;
  throw new Error(`cakeless ${args.join(' ')} exited with ${ran.exitCode}: ${ran.stderr}`);
}
