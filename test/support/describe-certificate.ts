/** A certificate as text that does not depend on the CA's key, and so is the same in every run. */
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from '@peculiar/x509';
import { readCertificateFacts } from './certificate-facts.ts';

const EXTENSION_NAMES: Record<string, string> = {
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.15': 'keyUsage',
  '2.5.29.17': 'subjectAltName',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.35': 'authorityKeyIdentifier',
  '2.5.29.37': 'extKeyUsage',
};
const USAGE_NAMES: Record<string, string> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
};

export function describeCertificate(pem: string): string {
  const certificate = new X509Certificate(pem);
  const facts = readCertificateFacts(pem);
  const named = (oids: readonly string[], names: Record<string, string>) =>
    oids.map((oid) => names[oid] ?? oid).join(', ');
  const spki = createHash('sha256')
    .update(Buffer.from(certificate.publicKey.rawData))
    .digest('hex');
  return `${[
    `serialNumber            ${certificate.serialNumber}`,
    `issuer                  ${certificate.issuer}`,
    `subject                 ${certificate.subject}`,
    `notBefore               ${certificate.notBefore.toISOString()}`,
    `notAfter                ${certificate.notAfter.toISOString()}`,
    `publicKey               ${facts.keyAlgorithm}, SHA-256 of the SubjectPublicKeyInfo ${spki}`,
    `extensions              ${named(
      certificate.extensions.map(({ type }) => type),
      EXTENSION_NAMES,
    )}`,
    `critical                ${named(facts.critical, EXTENSION_NAMES)}`,
    `keyUsage                ${facts.keyUsages.join(', ')}`,
    `extKeyUsage             ${named(facts.extendedKeyUsages, USAGE_NAMES)}`,
    `basicConstraints        ${facts.basicConstraints}`,
    `subjectKeyIdentifier    ${certificate.getExtension(SubjectKeyIdentifierExtension)?.keyId}`,
    `authorityKeyIdentifier  ${certificate.getExtension(AuthorityKeyIdentifierExtension)?.keyId ? "the CA's subjectKeyIdentifier" : 'none'}`,
    `subjectAltName          ${facts.names.join('\n                        ') || 'none'}`,
  ].join('\n')}\n`;
}
