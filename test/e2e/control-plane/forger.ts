/**
 * Makes certificates that Cakeless refuses to make: wrong on purpose, and signed with the key of the correct CA. This works
 * only because the keys of the stand-in can be read. Keys in KMS cannot.
 */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../harness/program.ts';

export interface Forgery {
  readonly subject: string;
  /** File with the private key that the certificate is for. */
  readonly keyFile: string;
  /** Lines of an OpenSSL extension file; empty is the recipe without `-extfile`. */
  readonly extensions: readonly string[];
  readonly days?: number;
  /** For a recipe: options of `openssl req -new` and of `openssl x509 -req`. */
  readonly request?: readonly string[];
  readonly signing?: readonly string[];
}

export class Forger {
  readonly #folder: string;
  readonly #keys: string;
  #count = 0;

  /** @param dataDir of `cakeless local` */
  constructor(dataDir: string, folder: string) {
    this.#keys = dataDir;
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** @param caFile trust bundle of the signing CA @returns PEM */
  async make(caFile: string, forgery: Forgery): Promise<string> {
    this.#count += 1;
    const number = this.#count; // others may be made at the same time
    const at = (ending: string) => join(this.#folder, `${number}.${ending}`);
    const { subject, keyFile, extensions, days = 30, request = [], signing = [] } = forgery;
    writeFileSync(at('ca-key'), this.caKey(caFile), { mode: 0o600 });
    writeFileSync(at('ext'), `${extensions.join('\n')}\n`);
    const req = ['openssl', 'req', '-new', '-key', keyFile, '-subj', subject, '-out', at('csr')];
    await mustRun([...req, ...request]);
    const sign = ['openssl', 'x509', '-req', '-in', at('csr'), '-days', String(days)];
    const ca = ['-CA', caFile, '-CAkey', at('ca-key'), '-set_serial', `0x01${serialOf(number)}`];
    const extfile = extensions.length > 0 ? ['-extfile', at('ext')] : [];
    await mustRun([...sign, ...ca, ...extfile, ...signing, '-out', at('crt')]);
    return readFileSync(at('crt'), 'utf8');
  }

  /** The private key of a CA, as PEM. */
  caKey(caFile: string): string {
    const wanted = new X509Certificate(readFileSync(caFile)).publicKey.export(SPKI);
    for (const file of readdirSync(this.#keys, { recursive: true, encoding: 'utf8' })) {
      if (!/(^|\/)keys\/[^/]+\.json$/.test(file)) continue;
      const { privateKeyPem } = JSON.parse(readFileSync(join(this.#keys, file), 'utf8'));
      if (createPublicKey(createPrivateKey(privateKeyPem)).export(SPKI) === wanted)
        return privateKeyPem;
    }
    throw new Error(`no key for ${caFile} below ${this.#keys}`);
  }
}

const SPKI = { type: 'spki', format: 'pem' } as const;

const serialOf = (count: number): string => count.toString(16).padStart(16, '0');
