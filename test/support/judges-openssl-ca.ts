import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Extensions as lines of an OpenSSL configuration file. */
export type Extensions = string[];

export const caExtensions: Extensions = [
  'basicConstraints=critical,CA:true',
  'keyUsage=critical,keyCertSign',
  'subjectKeyIdentifier=hash',
];

export const serverExtensions: Extensions = [
  'basicConstraints=critical,CA:false',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=serverAuth',
  'authorityKeyIdentifier=keyid:always',
  'subjectAltName=DNS:api.prod.example.com,IP:10.20.0.11',
];

/** The extensions with one of them replaced or removed. */
export function spoil(extensions: Extensions, name: string, instead?: string): Extensions {
  const kept = extensions.filter((line) => !line.startsWith(`${name}=`));
  if (kept.length === extensions.length) throw new Error(`no ${name} to spoil`);
  return instead === undefined ? kept : [...kept, `${name}=${instead}`];
}

/**
 * A CA of the OpenSSL command line. Certificates for testing the judges must not be made by the code that the judges test.
 * All keys are P-256, and days count from now.
 */
export class OpensslCa {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cakeless-openssl-ca-'));
  #made = 0;

  constructor() {
    this.#newKey('leaf');
  }

  /** A new self-signed CA that is valid longer than its leaf certificates. */
  root(name: string, extensions: Extensions = caExtensions, days = 400): string {
    this.#newKey(name);
    return this.#sign({ file: name, key: name, extensions, signer: `-signkey ${name}.key`, days });
  }

  /** A CA under another one. */
  intermediate(name: string, issuer: string, extensions: Extensions): string {
    this.#newKey(name);
    return this.#sign({ file: name, key: name, extensions, signer: issuedBy(issuer) });
  }

  /** A certificate for api.prod.example.com. All have the same key. */
  leaf(issuer: string, extensions: Extensions = serverExtensions): string {
    this.#made += 1;
    const file = `leaf-${this.#made}`;
    return this.#sign({ file, key: 'leaf', extensions, signer: issuedBy(issuer) });
  }

  /** The private key of all leaf certificates, in PEM. */
  get leafKey(): string {
    return readFileSync(join(this.#folder, 'leaf.key'), 'utf8');
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #newKey(name: string): void {
    this.#openssl(`ecparam -name prime256v1 -genkey -noout -out ${name}.key`);
  }

  #sign(order: {
    file: string;
    key: string;
    extensions: Extensions;
    signer: string;
    days?: number;
  }): string {
    const { file, key, extensions, signer, days = 365 } = order;
    const commonName = key === 'leaf' ? 'api.prod.example.com' : key;
    writeFileSync(join(this.#folder, 'extensions'), `[x]\n${extensions.join('\n')}\n`);
    this.#openssl(`req -new -key ${key}.key -subj /CN=${commonName} -out ${file}.csr`);
    this.#openssl(
      `x509 -req -in ${file}.csr ${signer} -days ${days} -extfile extensions -extensions x -out ${file}.crt`,
    );
    return readFileSync(join(this.#folder, `${file}.crt`), 'utf8');
  }

  #openssl(command: string): void {
    execFileSync('openssl', command.split(' '), { cwd: this.#folder, stdio: 'pipe' });
  }
}

const issuedBy = (issuer: string): string => `-CA ${issuer}.crt -CAkey ${issuer}.key`;
