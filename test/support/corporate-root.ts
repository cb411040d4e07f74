/** A corporate CA of two tiers, a root and an intermediate, which issues the certificates of subordinate CAs. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { keyIdentifierOf } from '../../lib/certificate/assemble.ts';
import { certificateToPem } from '../../lib/certificate/pem.ts';
import { OID } from '../../lib/der/oids.ts';
import { readDer } from '../../lib/der/read.ts';
import { booleanTrue, contextPrimitive, sequence } from '../../lib/der/write.ts';
import {
  basicConstraints,
  type CaCertificateParts,
  commonNameOf,
  extension,
  type KeyPair,
  keyUsage,
  newEcKeys,
  spkiOf,
  usualExtensions,
  writeCaCertificate,
} from './ca-certificate.ts';

/** When its certificates begin; they are valid for twenty years. */
export const CORPORATE_START = new Date('2020-01-01T00:00:00Z');
const CORPORATE_END = new Date('2040-01-01T00:00:00Z');

export const ROOT_NAME = 'Example Corp Root CA';
export const ISSUING_NAME = 'Example Corp Issuing CA 1';

/** Of AuthorityKeyIdentifier. */
export const keyIdentifierField = (issuer: KeyPair) =>
  contextPrimitive(0, keyIdentifierOf(readDer(spkiOf(issuer), 'key')));

const authorityKeyIdentifier = (issuer: KeyPair) =>
  extension(OID.authorityKeyIdentifier, sequence(keyIdentifierField(issuer)));

/** A CA certificate without a SAN, with the identifier of its issuer's key. */
export const extensionsBelow = (
  keys: KeyPair,
  issuer: KeyPair,
  { without = [], more = [] }: { without?: string[]; more?: Uint8Array[] } = {},
) =>
  usualExtensions(keys, {
    without: [OID.subjectAltName, ...without],
    more: [authorityKeyIdentifier(issuer), ...more],
  });

type Changes = Partial<CaCertificateParts>;

export class CorporateRoot {
  readonly rootKeys: KeyPair;
  readonly issuingKeys: KeyPair;
  readonly root: Uint8Array;
  readonly issuing: Uint8Array;

  /** @param changes of the certificates of root and intermediate */
  constructor(changes: { readonly root?: Changes; readonly issuing?: Changes } = {}) {
    const { root = {}, issuing = {} } = changes;
    this.rootKeys = root.keys ?? newEcKeys();
    this.issuingKeys = issuing.keys ?? newEcKeys();
    this.root = writeCaCertificate(this.rootKeys, CORPORATE_START, {
      subject: commonNameOf(ROOT_NAME),
      notAfter: CORPORATE_END,
      extensions: extensionsBelow(this.rootKeys, this.rootKeys, { without: [] }),
      ...root,
    });
    this.issuing = writeCaCertificate(this.issuingKeys, CORPORATE_START, {
      signer: this.rootKeys,
      issuer: commonNameOf(ROOT_NAME),
      subject: commonNameOf(ISSUING_NAME),
      notAfter: CORPORATE_END,
      serialNumber: Uint8Array.of(9),
      extensions: extensionsBelow(this.issuingKeys, this.rootKeys),
      ...issuing,
    });
  }

  /** The certificates above what it issues, in order. */
  get chain(): readonly Uint8Array[] {
    return [this.issuing, this.root];
  }

  get chainPem(): string {
    return this.chain.map(certificateToPem).join('');
  }

  /** @param spki of the CA that is certified, DER @returns DER */
  certify(spki: Uint8Array, commonName: string, from: Date, changes: Changes = {}): Uint8Array {
    const keys = publicOnly(spki);
    return writeCaCertificate(keys, from, {
      signer: this.issuingKeys,
      issuer: commonNameOf(ISSUING_NAME),
      subject: commonNameOf(commonName),
      serialNumber: Uint8Array.of(7, 7),
      extensions: extensionsBelow(keys, this.issuingKeys, {
        without: [OID.basicConstraints, OID.keyUsage],
        more: [keyUsage(0, 5, 6), basicConstraints(booleanTrue())],
      }),
      ...changes,
    });
  }
}

/** A key of which only the public half is here. */
export function publicOnly(spki: Uint8Array): KeyPair {
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return { publicKey, privateKey: undefined as unknown as KeyObject };
}
