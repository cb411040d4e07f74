/** A new CA certificate, drafted or from outside: what is read from it before the old CA certifies its key. */
import { X509Certificate } from 'node:crypto';
import { nameOfCertificate } from '../ca/certificate-name.ts';
import { assembleCertificate } from '../certificate/assemble.ts';
import { extensionOf, readCertificate } from '../certificate/read-certificate.ts';
import { OID } from '../der/oids.ts';
import { DerError, readDer, TAG } from '../der/read.ts';
import { Fault } from '../fault.ts';
import { type CaKeySpec, signingAlgorithmOf } from '../signing/signing-algorithm.ts';

/** OpenSSL needs a signature to read a certificate; it does not verify this one. */
const PLACEHOLDER_SIGNATURE = new Uint8Array(64);

export interface DraftedCa {
  /** As OpenSSL reads it; the signature of a draft is a placeholder. */
  readonly x509: X509Certificate;
  /** In DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
  readonly subjectKeyIdentifier: Uint8Array;
  /** OIDs of its extensions, in their order, each with `!` if it is critical. */
  readonly extensions: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** GeneralNames in DER, by which its cross certificate names it; only of a certificate that its own key does not sign. */
  readonly ownName?: Uint8Array;
}

/**
 * @param tbs TBSCertificate in DER
 * @param signer key spec of the key that signs
 * @throws Fault lint-failed if it cannot be read
 */
export const readDraftedCa = (tbs: Uint8Array, signer: CaKeySpec): DraftedCa =>
  orLintFailed('the draft of a CA certificate', () => {
    const algorithm = signingAlgorithmOf(signer);
    return readCa(assembleCertificate(tbs, { algorithm }, PLACEHOLDER_SIGNATURE));
  });

/** @param der a certificate that an outside CA has issued @throws Fault lint-failed if it cannot be read */
export const readIssuedCa = (der: Uint8Array): DraftedCa =>
  orLintFailed('an imported CA certificate', () => ({
    ...readCa(der),
    ownName: nameOfCertificate(der),
  }));

function orLintFailed(what: string, read: () => DraftedCa): DraftedCa {
  try {
    return read();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Fault('lint-failed', `${what} cannot be read: ${why}`, error);
  }
}

function readCa(der: Uint8Array): DraftedCa {
  const x509 = new X509Certificate(der);
  const elements = readCertificate(der);
  const identifier = extensionOf(elements, OID.subjectKeyIdentifier);
  if (!identifier) throw new DerError('it has no subjectKeyIdentifier');
  return {
    x509,
    issuer: elements.issuer.raw,
    subject: elements.subject.raw,
    publicKey: elements.publicKey.raw,
    subjectKeyIdentifier: readDer(identifier.value, 'ski').expect(TAG.octetString).content,
    extensions: elements.extensions.map(({ id, critical }) => `${id}${critical ? '!' : ''}`),
    notBefore: new Date(x509.validFrom),
    notAfter: new Date(x509.validTo),
  };
}

/** What differs from what was intended. @throws Fault lint-failed if anything does */
export function refuseDifferences(
  what: string,
  pairs: readonly (readonly [field: string, got: string, meant: string])[],
): void {
  const findings = pairs
    .filter(([, got, meant]) => got !== meant)
    .map(([field, got, meant]) => `${field} is ${got}, expected ${meant}`);
  if (findings.length > 0) throw new Fault('lint-failed', `${what}: ${findings.join('; ')}`);
}
