/** The certificate file of a CA, of which an adoption takes exactly one certificate. */

import { type KeyObject, X509Certificate } from 'node:crypto';
import { isoDate } from '../../lib/certificate/iso-date.ts';
import { certificatesIn } from '../../lib/certificate/pem.ts';
import { CommandError, unusableFile } from '../errors.ts';
import { areAPair } from '../node/disk/private-key.ts';
import { readTextIfThere } from '../read-text.ts';
import { countOf } from '../wording/count.ts';

export type CaCertificateFile =
  | { readonly state: 'found'; readonly certificate: X509Certificate }
  | { readonly state: 'missing' }
  /** Why it cannot be used, one line each. */
  | { readonly state: 'unusable'; readonly why: readonly string[] };

/** @param key of the CA, if it is known: of several certificates, it decides which one to keep */
export function readCaCertificate(file: string, key: KeyObject | undefined): CaCertificateFile {
  const text = readText(file);
  if (text === undefined) return { state: 'missing' };
  if (typeof text !== 'string') return { state: 'unusable', why: [text.problem] };
  const found = certificatesIn(text).map(parse);
  // a block that the pattern skips, and that another program may read
  const begun = text
    .split('-----BEGIN ')
    .filter((part) => /^[A-Z0-9 ]*CERTIFICATE-----/.test(part));
  if (begun.length !== found.length || found.includes(undefined))
    return { state: 'unusable', why: ['it has a certificate that cannot be read'] };
  const certificates = found.filter((one) => one !== undefined);
  const [certificate, ...more] = certificates;
  if (!certificate) return { state: 'unusable', why: ['it has no certificate in PEM'] };
  if (more.length > 0) return { state: 'unusable', why: describeSeveral(certificates, key) };
  return { state: 'found', certificate };
}

/** What is not a file is a finding about this CA, and hides none about the others. @throws if permission is missing */
function readText(file: string): string | { readonly problem: string } | undefined {
  try {
    return readTextIfThere(file);
  } catch (error) {
    const found = unusableFile(file, error);
    if (!(found instanceof CommandError)) throw found;
    return { problem: found.message.replace(`${file}: `, '') };
  }
}

function parse(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/**
 * Every certificate in the file is trusted, and only one CA can be adopted: otherwise the cluster would trust a CA that
 * the service does not know.
 */
function describeSeveral(certificates: readonly X509Certificate[], key: KeyObject | undefined) {
  const keep = key && certificates.find((certificate) => areAPair(key, certificate.publicKey));
  const heading = `it has ${countOf(certificates.length, 'certificate')}; finish or undo the rotation that it is from, so that it has one`;
  const advice = (certificate: X509Certificate) => {
    if (!keep) return key ? 'its key is not the CA key' : 'its key is not on this node';
    return certificate === keep ? 'keep this one: its key is the CA key' : 'remove this one';
  };
  return [
    heading,
    ...certificates.map(
      (certificate, i) =>
        `certificate ${i + 1}: expires ${isoDate(certificate.validTo)}, SHA-256 ${certificate.fingerprint256}: ${advice(certificate)}`,
    ),
  ];
}
