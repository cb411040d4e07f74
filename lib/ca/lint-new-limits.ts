/**
 * What a certificate may not exclude that the one before it allowed: leaf certificates with such names are in use, and were
 * not compared with any constraints when they were issued.
 */
import { toHex } from '../bytes.ts';
import { type CertificateElements, extensionOf } from '../certificate/read-certificate.ts';
import { OID } from '../der/oids.ts';
import { type Finding, refusesIf } from './lint-finding.ts';

/** @param before the certificate of the CA that nodes trust now */
export function lintNewLimits(before: CertificateElements, after: CertificateElements): Finding[] {
  const [was, is] = [before, after].map((one) => constraintsIn(one));
  return refusesIf(
    is !== undefined && is !== was,
    'has nameConstraints that the existing certificate does not have, and certificates in use may have names that they exclude: ask for a certificate without nameConstraints',
  );
}

const constraintsIn = (elements: CertificateElements): string | undefined => {
  const extension = extensionOf(elements, OID.nameConstraints);
  return extension && toHex(extension.value);
};
