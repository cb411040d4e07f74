/** The PKI of a company, made by OpenSSL: a root, an issuing CA below it, and what that signs, such as CAs of clusters. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SignedCaOptions {
  /** Lines of an OpenSSL extension file. @default what a CA below the issuing CA needs */
  readonly extensions?: readonly string[];
  readonly days?: number;
  /** Of the CA that signs a CSR. @default issuing */
  readonly by?: string;
}

export interface CorporateLeaf {
  /** Of the CA that signs: `issuing`, or one that `makeCa` made. */
  readonly ca: string;
  readonly subject: string;
  readonly usages: string;
  readonly names?: string;
}

/** As the guide asks for: no extKeyUsage, no name constraints, no path length that excludes a cross certificate. */
export const CA_EXTENSIONS = [
  'basicConstraints=critical,CA:TRUE',
  'keyUsage=critical,digitalSignature,keyCertSign,cRLSign',
  'subjectKeyIdentifier=hash',
  'authorityKeyIdentifier=keyid:always',
];

export class CorporatePki {
  readonly #folder: string;

  /** @param folder a new one */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#makeKey('root');
    const self = ['req', '-x509', '-key', this.#file('root.key'), '-days', '7300'];
    const name = ['-subj', '/O=Example Corp/CN=Example Corp Root', '-config', this.#config()];
    const added = [CA_EXTENSIONS[0], CA_EXTENSIONS[1], CA_EXTENSIONS[2]].flatMap((line) => [
      '-addext',
      line ?? '',
    ]);
    this.#openssl(...self, ...name, ...added, '-out', this.#file('root.crt'));
    this.makeCa('issuing', '/O=Example Corp/CN=Example Corp Issuing CA', 'root');
  }

  /** PEM of one certificate. */
  certificate(name: string): string {
    return readFileSync(this.#file(`${name}.crt`), 'utf8');
  }

  /** PEM. */
  privateKey(name: string): string {
    return readFileSync(this.#file(`${name}.key`), 'utf8');
  }

  certificateFile(name: string): string {
    return this.#file(`${name}.crt`);
  }

  /** What is above a CA that the issuing CA signed: the issuing CA, then the root. */
  get chain(): string {
    return this.certificate('issuing') + this.certificate('root');
  }

  /** @returns PEM of the certificate of a CA whose CSR it is */
  signCa(csr: string, options: SignedCaOptions = {}): string {
    const { extensions = CA_EXTENSIONS, days = 1825, by = 'issuing' } = options;
    return this.#sign('signed', csr, by, extensions, days);
  }

  /** A CA with its own key, as other clusters or services of the company have. */
  makeCa(
    name: string,
    subject: string,
    by = 'issuing',
    { extensions = CA_EXTENSIONS, days = 3650 }: SignedCaOptions = {},
  ): void {
    this.#sign(name, this.#request(name, subject), by, extensions, days);
  }

  makeLeaf(name: string, { ca, subject, usages, names }: CorporateLeaf): void {
    const extensions = [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      `extendedKeyUsage=${usages}`,
      'subjectKeyIdentifier=hash',
      'authorityKeyIdentifier=keyid:always',
      ...(names === undefined ? [] : [`subjectAltName=${names}`]),
    ];
    this.#sign(name, this.#request(name, subject), ca, extensions, 365);
  }

  #makeKey(name: string): void {
    const key = ['ecparam', '-name', 'prime256v1', '-genkey', '-noout'];
    this.#openssl(...key, '-out', this.#file(`${name}.key`));
  }

  #request(name: string, subject: string): string {
    this.#makeKey(name);
    const key = ['-key', this.#file(`${name}.key`), '-subj', subject, '-config', this.#config()];
    this.#openssl('req', '-new', ...key, '-out', this.#file(`${name}.csr`));
    return readFileSync(this.#file(`${name}.csr`), 'utf8');
  }

  #sign(
    name: string,
    csr: string,
    by: string,
    extensions: readonly string[],
    days: number,
  ): string {
    writeFileSync(this.#file(`${name}.csr`), csr);
    writeFileSync(this.#file('extensions'), `${extensions.join('\n')}\n`);
    this.#openssl(
      ...['x509', '-req', '-in', this.#file(`${name}.csr`), '-days', String(days)],
      ...['-CA', this.#file(`${by}.crt`), '-CAkey', this.#file(`${by}.key`), '-CAcreateserial'],
      ...['-extfile', this.#file('extensions'), '-out', this.#file(`${name}.crt`)],
    );
    return this.certificate(name);
  }

  /** OpenSSL's own default would add extensions to a self-signed certificate. */
  #config(): string {
    const file = this.#file('openssl.cnf');
    writeFileSync(file, '[req]\ndistinguished_name=dn\n[dn]\n');
    return file;
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}
