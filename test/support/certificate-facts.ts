/** The contents of a certificate, read by @peculiar/x509, which does not write leaf certificates here. */
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '@peculiar/x509';
import { canonicalIpAddress } from '../../lib/ip-address.ts';

export interface CertificateFacts {
  readonly subject: { readonly CN: string[]; readonly O: string[] };
  readonly names: string[];
  readonly keyAlgorithm: string;
  readonly keyUsages: string[];
  readonly extendedKeyUsages: string[];
  readonly basicConstraints: string;
  /** Critical extensions. */
  readonly critical: string[];
}

const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const;

export function readCertificateFacts(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages ?? 0;
  const constraints = certificate.getExtension(BasicConstraintsExtension);
  const items = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return {
    subject: {
      CN: certificate.subjectName.getField('CN'),
      O: certificate.subjectName.getField('O').sort(),
    },
    names: items.map(({ type, value }) => formatName(type, value)),
    keyAlgorithm: certificate.publicKey.algorithm.name.startsWith('RSA') ? 'RSA' : 'EC',
    keyUsages: KEY_USAGES.filter((usage) => (usages & KeyUsageFlags[usage]) !== 0),
    extendedKeyUsages: (certificate.getExtension(ExtendedKeyUsageExtension)?.usages ?? [])
      .map(String)
      .sort(),
    basicConstraints: constraints ? `CA:${constraints.ca}` : 'none',
    critical: certificate.extensions
      .filter(({ critical }) => critical)
      .map(({ type }) => type)
      .sort(),
  };
}

function formatName(type: string, value: string): string {
  return type === 'ip'
    ? `IP:${canonicalIpAddress(value) ?? value}`
    : `${type.toUpperCase()}:${value}`;
}
