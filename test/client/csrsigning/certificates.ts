/** CSRs as kubelets make them, and certificates for them with any defect, made by a library that Cakeless does not issue with. */
import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { makeCsr } from '../../../client/node/csr/make-csr.ts';
import { START } from './world.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 24 * 3600 * 1000;

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
export const SERVING_SIGNER = 'kubernetes.io/kubelet-serving';
export const USER_SIGNER = 'kubernetes.io/kube-apiserver-client';

export interface Contents {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly names?: readonly { readonly type: 'DNS' | 'IP'; readonly value: string }[];
}

const { privateKey: SHARED_KEY } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const OTHER_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const made = new Map<string, string>();

/** PEM; by default of one key, and made once in a file of tests, because thousands are used. */
export function csrPem(
  { commonName, organizations = ['system:nodes'], names = [] }: Contents,
  key = SHARED_KEY,
): string {
  const make = () => makeCsr({ subject: { commonName, organizations }, names }, key);
  if (key !== SHARED_KEY) return make();
  const contents = JSON.stringify([commonName, organizations, names]);
  const pem = made.get(contents) ?? make();
  made.set(contents, pem);
  return pem;
}

export interface CertificateOptions extends Partial<Contents> {
  readonly usages?: readonly ('clientAuth' | 'serverAuth')[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly isCa?: boolean;
  readonly keyUsages?: number;
}

const USAGE_OIDS = { clientAuth: '1.3.6.1.5.5.7.3.2', serverAuth: '1.3.6.1.5.5.7.3.1' };

export class TestCa {
  readonly pem: string;
  readonly #name: string;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(name: string, keys: webcrypto.CryptoKeyPair, pem: string) {
    this.#name = name;
    this.#keys = keys;
    this.pem = pem;
  }

  /** A root, or a CA that `issuer` has signed. */
  static async make(name: string, issuer?: TestCa, isCa = true): Promise<TestCa> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const by = issuer ? issuer.#keys : keys;
    const pem = await writeCa(name, keys, issuer ? issuer.#name : name, by, isCa);
    return new TestCa(name, keys, pem);
  }

  /** The cross certificate: the key of another CA, certified by this one. */
  certify(other: TestCa): Promise<string> {
    return writeCa(other.#name, other.#keys, this.#name, this.#keys, true);
  }

  /** By default exactly what the CSR requests, for a client. */
  async issue(csr: string, options: CertificateOptions = {}): Promise<string> {
    const request = new Pkcs10CertificateRequest(csr);
    const {
      usages = ['clientAuth'],
      isCa = false,
      keyUsages = KeyUsageFlags.digitalSignature,
    } = options;
    const requested = request.extensions.find(({ type }) => type === '2.5.29.17');
    const names = options.names?.map(({ type, value }) => ({
      type: type.toLowerCase() as 'dns' | 'ip',
      value,
    }));
    const san = names ? new SubjectAlternativeNameExtension(names) : requested;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: '0b',
      subject: subjectOf(request, options),
      issuer: `CN=${this.#name}`,
      notBefore: options.notBefore ?? new Date(START.getTime() - 5 * 60_000),
      notAfter: options.notAfter ?? new Date(START.getTime() + 365 * DAY),
      publicKey: request.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(isCa, undefined, true),
        new KeyUsagesExtension(keyUsages, true),
        new ExtendedKeyUsageExtension(usages.map((usage) => USAGE_OIDS[usage])),
        ...(san ? [san] : []),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  }
}

async function writeCa(
  name: string,
  { publicKey }: webcrypto.CryptoKeyPair,
  issuer: string,
  { privateKey }: webcrypto.CryptoKeyPair,
  isCa: boolean,
): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '01',
    subject: `CN=${name}`,
    issuer: `CN=${issuer}`,
    notBefore: new Date(START.getTime() - DAY),
    notAfter: new Date(START.getTime() + 3650 * DAY),
    publicKey,
    signingKey: privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(isCa, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

function subjectOf({ subjectName }: Pkcs10CertificateRequest, options: CertificateOptions): string {
  const {
    commonName = subjectName.getField('CN')[0] ?? '',
    organizations = subjectName.getField('O'),
  } = options;
  return new Name([
    ...organizations.map((value) => ({ O: [value] })),
    { CN: [commonName] },
  ]).toString();
}

export { KeyUsageFlags };
