/** Compares what OpenSSL, which shares no code with the writer, reads from a draft with the intended values. */

import { X509Certificate } from 'node:crypto';
import { toHex } from '../bytes.ts';
import type { IssuingCa } from '../ca/issuing-ca.ts';
import { assembleCertificate } from '../certificate/assemble.ts';
import { keyObjectOf } from '../csr/key-object.ts';
import { isSameKey } from '../csr/same-key.ts';
import { OID } from '../der/oids.ts';
import { canonicalIpAddress } from '../ip-address.ts';
import type { CertificateFields } from './certificate-fields.ts';

/** OpenSSL needs a signature to read a certificate; it does not verify this one. */
const PLACEHOLDER_SIGNATURE = new Uint8Array(64);

/** Describes every difference. */
export function compareWithOpenSsl(
  tbs: Uint8Array,
  fields: CertificateFields,
  ca: IssuingCa,
): string[] {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(assembleCertificate(tbs, ca, PLACEHOLDER_SIGNATURE));
  } catch (error) {
    return [`OpenSSL cannot read the draft: ${error instanceof Error ? error.message : error}`];
  }
  const pairs: [string, string, string][] = [
    ['serialNumber', certificate.serialNumber, hex(fields.serialNumber)],
    ['validFrom', isoDate(certificate.validFrom), fields.notBefore.toISOString()],
    ['validTo', isoDate(certificate.validTo), fields.notAfter.toISOString()],
    ['subject', sortedRdns(certificate.subject), subjectText(fields)],
    ['extended key usages', certificate.keyUsage?.join() ?? '', usageOids(fields)],
    ['names', readNames(certificate), namesText(fields)],
    ['CA', String(certificate.ca), 'false'],
    ['public key', String(hasKey(certificate, fields.publicKey)), 'true'],
    ['issued by the CA', String(certificate.checkIssued(ca.certificate)), 'true'],
  ];
  return pairs
    .filter(([, got, expected]) => got !== expected)
    .map(([field, got, expected]) => `OpenSSL reads ${field} as ${got}, expected ${expected}`);
}

/** OpenSSL compares the keys: exporting one as DER would take longer than everything else in this file. */
function hasKey(certificate: X509Certificate, spki: Uint8Array): boolean {
  return isSameKey(certificate.publicKey, keyObjectOf(spki));
}

const isoDate = (text: string) => new Date(text).toISOString();
const hex = (bytes: Uint8Array) => toHex(bytes).toUpperCase();
const usageOids = (fields: CertificateFields) => fields.extendedKeyUsages.map((u) => OID[u]).join();

/** One RDN on each line, its attributes joined with " + ". They are a set, ordered by encoding in DER, so they are sorted here. */
function subjectText({ subject }: CertificateFields): string {
  const organizations = subject.organizations.map((value) => `O=${escapeValue(value)}`);
  return [
    ...(organizations.length > 0 ? [organizations.sort().join(AND)] : []),
    `CN=${escapeValue(subject.commonName)}`,
  ].join('\n');
}

const sortedRdns = (text: string) =>
  text
    .split('\n')
    .map((rdn) => rdn.split(AND).sort().join(AND))
    .join('\n');

/** In values, the plus sign is escaped. */
const AND = ' + ';

/**
 * RFC 2253 section 2.4, as OpenSSL escapes: the only character of a value counts as its last, so a single # is not
 * escaped (crypto/asn1/a_strex.c, do_buf).
 */
function escapeValue(value: string): string {
  return value.replace(/[,+"\\<>;]/g, '\\$&').replace(/^(?:#(?=.)| )| $/g, '\\$&');
}

function namesText({ names }: CertificateFields): string {
  return names.map(({ type, value }) => `${type}:${value}`).join(', ');
}

/** Node.js returns IPv6 addresses in OpenSSL's long form (`FD00:0:…`). */
function readNames(certificate: X509Certificate): string {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name !== '')
    .map((name) => {
      const address = name.startsWith('IP Address:') ? name.slice('IP Address:'.length) : undefined;
      return address === undefined ? name : `IP:${canonicalIpAddress(address) ?? address}`;
    })
    .join(', ');
}
