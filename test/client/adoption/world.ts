/** An adoption with the real command and the real create-ca function; only KMS and the buckets are in memory. */
import { Command } from 'commander';
import { addTrustDomainCommands } from '../../../client/command-line/trust-domain.ts';
import type { ApproverDeps } from '../../../client/commands/decisions.ts';
import type { Connection } from '../../../client/connection.ts';
import { CommandError } from '../../../client/errors.ts';
import { newCreateCaHandler } from '../../../functions/create-ca-handler.ts';
import type { KeyImport } from '../../../lib/ca/key-import.ts';
import { REQUEST_MALFORMED } from '../../../lib/environment-names.ts';
import { Fault } from '../../../lib/fault.ts';
import { parseTrustDomainRules } from '../../../lib/trust-domain-rules.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { GATE } from '../../support/real-gate.ts';
import { lambdaContext, withReporter } from '../../support/running-service-lambda.ts';
import { ImportingKms } from './importing-kms.ts';
import { Pki } from './pki.ts';

export interface Run {
  readonly error: unknown;
  readonly exitCode: number | undefined;
  readonly printed: string;
  readonly said: string;
}

/** The point before or after a call of the command; throwing there is what a kill at that point looks like. */
export type Interrupt = (point: string) => void;

export class World {
  readonly pki = Pki.make();
  readonly kms = new ImportingKms();
  readonly exchange = new MemoryStore();
  readonly authority = new MemoryStore();
  /** Requests to the function, as JSON. */
  readonly requests: string[] = [];
  /** What the function wrote to its log. */
  readonly logged: string[] = [];
  interrupt: Interrupt = () => {};
  /** Changes the response of the function. */
  tamper: (response: unknown) => unknown = (response) => response;

  dispose(): void {
    this.pki.dispose();
  }

  run(...args: string[]): Promise<Run> {
    return runCommand(this.#connection, args);
  }

  /** `adopt prod` on the control plane. */
  adopt(...more: string[]): Promise<Run> {
    return this.run('adopt', 'prod', '--kubeconfig-dir', this.pki.root, ...more);
  }

  /** What the service has written. */
  written(): string[] {
    return [...this.authority.objects.keys(), ...this.exchange.objects.keys()];
  }

  get #connection(): Connection {
    const called = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
      this.interrupt(`before ${name}`);
      const result = await call();
      this.interrupt(`after ${name}`);
      return result;
    };
    const { kms } = this;
    const keyImport: KeyImport = {
      parameters: (keyId) => called('parameters', () => kms.parameters(keyId)),
      import: (keyId, token, blob) => called('import', () => kms.import(keyId, token, blob)),
    };
    return {
      invokeCreateCa: (request: unknown) =>
        called(`create-ca ${(request as { action?: string }).action}`, () => this.#invoke(request)),
      keyImport: async () => keyImport,
    } as Connection;
  }

  /** As `invokeFunction`: the request and the response are JSON. */
  async #invoke(request: unknown): Promise<unknown> {
    const text = JSON.stringify(request);
    this.requests.push(text);
    const service = {
      exchange: this.exchange,
      authority: this.authority,
      keys: this.kms,
      rules: parseTrustDomainRules(undefined),
      now: () => this.kms.now,
      randomBytes: (count: number) => new Uint8Array(count).fill(7),
    };
    try {
      const { result, lines } = await withReporter(
        (reporter) =>
          newCreateCaHandler(service, this.kms, GATE, reporter)(JSON.parse(text), lambdaContext),
        'create-ca',
      );
      this.logged.push(JSON.stringify(lines));
      return this.tamper(JSON.parse(JSON.stringify(result)));
    } catch (error) {
      const { name, message } = error as Error;
      if (name === REQUEST_MALFORMED) throw new Fault('request-malformed', `create-ca: ${message}`);
      throw error;
    }
  }
}

/** Nobody is at the terminal. */
const NOBODY = { prompt: { ask: async () => undefined }, clock: { now: () => new Date(0) } };

/** The command as a user runs it, with this connection. */
export async function runCommand(
  connection: Connection,
  args: readonly string[],
  person: Pick<ApproverDeps, 'prompt' | 'clock'> = NOBODY,
): Promise<Run> {
  const [printed, said]: [string[], string[]] = [[], []];
  const terminal = {
    print: (line: string) => void printed.push(line),
    progress: (line: string) => void said.push(line),
  };
  let exitCode: number | undefined;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addTrustDomainCommands(program, connection, terminal, { terminal, ...person }, (code) => {
    exitCode = code;
  });
  const error = await program.parseAsync(['trust-domain', ...args], { from: 'user' }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, exitCode, printed: printed.join('\n'), said: said.join('\n') };
}

/** Message, list and hint of the error that a user sees. */
export function shown({ error }: Run): string {
  if (error instanceof CommandError) return [...error.lines, error.hint ?? ''].join('\n');
  return error instanceof Error ? error.message : String(error);
}
