/**
 * What OpenSSL requires of CA certificates with X509_V_FLAG_X509_STRICT (`check_extensions` in crypto/x509/x509_vfy.c), and
 * Python by default since 3.13. It is RFC 5280, sections 4.1.2.6 and 4.2.1; Go and OpenSSL's defaults accept less.
 */
import { type CertificateElements, extensionOf } from '../certificate/read-certificate.ts';
import { OID } from '../der/oids.ts';
import { readDer, TAG } from '../der/read.ts';
import { AKI_KEY_IDENTIFIER, basicConstraintsOf } from './lint-parts.ts';

export interface StrictProblem {
  /** As in `Finding`. */
  readonly text: string;
  /** What to ask the CA above for. */
  readonly remedy: string;
}

interface StrictRule extends StrictProblem {
  readonly isBroken: (elements: CertificateElements) => boolean;
}

const lacks = (id: string) => (elements: CertificateElements) => !extensionOf(elements, id);

const OF_EVERY_CA: readonly StrictRule[] = [
  {
    text: 'has basicConstraints that are not critical',
    remedy: 'basicConstraints critical, CA:TRUE',
    isBroken: (elements) => basicConstraintsOf(elements)?.isCritical === false,
  },
  {
    text: 'has no keyUsage',
    remedy: 'keyUsage keyCertSign and cRLSign',
    isBroken: lacks(OID.keyUsage),
  },
  {
    text: 'has no subjectKeyIdentifier',
    remedy: 'the subjectKeyIdentifier of the CSR',
    isBroken: lacks(OID.subjectKeyIdentifier),
  },
  {
    text: 'has a subjectAltName without names',
    remedy: 'a certificate without subjectAltName',
    isBroken: (elements) => sequenceIn(elements, OID.subjectAltName)?.length === 0,
  },
];

/** The root, the last of a chain, does not have to name the key that signed it: it is its own. */
const OF_ISSUED: readonly StrictRule[] = [
  {
    text: 'has no authorityKeyIdentifier with a keyIdentifier',
    remedy: 'an authorityKeyIdentifier with the subjectKeyIdentifier of the CA that issues it',
    isBroken: (elements) =>
      !sequenceIn(elements, OID.authorityKeyIdentifier)?.some(
        ({ tag }) => tag === AKI_KEY_IDENTIFIER,
      ),
  },
];

function sequenceIn(elements: CertificateElements, id: string) {
  const extension = extensionOf(elements, id);
  return extension && readDer(extension.value, id).expect(TAG.sequence).children();
}

/** Why strict verifiers refuse the certificate of a CA that another one issued. */
export const strictProblemsOf = (elements: CertificateElements): readonly StrictProblem[] =>
  [...OF_EVERY_CA, ...OF_ISSUED].filter(({ isBroken }) => isBroken(elements));

/** Why strict verifiers refuse a root. */
export const strictProblemsOfRoot = (elements: CertificateElements): readonly StrictProblem[] =>
  OF_EVERY_CA.filter(({ isBroken }) => isBroken(elements));
