/** Subordinate CAs with the real commands, the real create-ca function, and a corporate CA made by OpenSSL. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../../../client/connection.ts';
import { newCreateCaHandler } from '../../../functions/create-ca-handler.ts';
import { REQUEST_MALFORMED } from '../../../lib/environment-names.ts';
import { Fault } from '../../../lib/fault.ts';
import { parseTrustDomainRules } from '../../../lib/trust-domain-rules.ts';
import { CorporatePki } from '../../support/corporate-pki.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { GATE } from '../../support/real-gate.ts';
import { lambdaContext, withReporter } from '../../support/running-service-lambda.ts';
import { SoftKeys } from '../../support/soft-keys.ts';
import { type Run, runCommand } from '../adoption/world.ts';

export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'cakeless-subordinate-'));
  readonly exchange = new MemoryStore();
  readonly authority = new MemoryStore();
  readonly keys = new SoftKeys();
  /** Actions of the requests to the function. */
  readonly actions: string[] = [];
  /** Changes the response of the function. */
  tamper: (response: unknown) => unknown = (response) => response;

  constructor() {
    mkdirSync(this.folder, { recursive: true });
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }

  run(...args: string[]): Promise<Run> {
    const connection = {
      invokeCreateCa: (request: unknown) => this.#invoke(request),
      authority: async () => this.authority,
    };
    return runCommand(connection as unknown as Connection, args);
  }

  /** @returns the path of a new file */
  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  /** The CSR of a CA, in PEM. */
  async csr(ca: string): Promise<string> {
    const { printed } = await this.run('csr', 'prod', '--ca', ca);
    return printed;
  }

  import(certificate: string, chain: string, ...more: string[]): Promise<Run> {
    const files = [
      ...['--certificate', this.write('certificate.pem', certificate)],
      ...['--chain', this.write('chain.pem', chain)],
    ];
    return this.run('import-certificate', 'prod', '--ca', 'ca', ...files, ...more);
  }

  async #invoke(request: unknown): Promise<unknown> {
    const text = JSON.stringify(request);
    this.actions.push((request as { action: string }).action);
    const service = {
      exchange: this.exchange,
      authority: this.authority,
      keys: this.keys,
      rules: parseTrustDomainRules(undefined),
      now: () => new Date(),
      randomBytes: (count: number) => new Uint8Array(count).fill(7),
    };
    try {
      const { result } = await withReporter(
        (reporter) =>
          newCreateCaHandler(service, this.keys, GATE, reporter)(JSON.parse(text), lambdaContext),
        'create-ca',
      );
      return this.tamper(JSON.parse(JSON.stringify(result)));
    } catch (error) {
      const { name, message } = error as Error;
      if (name === REQUEST_MALFORMED) throw new Fault('request-malformed', `create-ca: ${message}`);
      throw error;
    }
  }
}

/** Made once: no test changes it. */
export const corporatePki = (): CorporatePki =>
  new CorporatePki(mkdtempSync(join(tmpdir(), 'cakeless-corporate-pki-')));
