/**
 * The last check before the CA key is used. Two readers that share no code with the writer, OpenSSL and the strict DER
 * reader, read the draft, which must match the record exactly; further rules apply to every certificate. Only a linted
 * draft can be signed.
 */
import type { IssuingCa } from '../ca/issuing-ca.ts';
import type { CertificateFields } from './certificate-fields.ts';
import { compareWithFields } from './lint-fields.ts';
import { compareWithOpenSsl } from './lint-openssl.ts';

declare const linted: unique symbol;

/** A TBSCertificate that passed `lint`. */
export type LintedTbs = Uint8Array & { readonly [linted]: true };

export type LintResult =
  | { readonly tbs: LintedTbs; readonly findings: readonly [] }
  | { readonly tbs?: undefined; readonly findings: readonly string[] };

/** Reads the bytes back with a strict DER reader and with OpenSSL, and compares every field with what was intended. */
export function lint(tbs: Uint8Array, fields: CertificateFields, ca: IssuingCa): LintResult {
  const findings = [
    ...findRuleBreaks(fields, ca),
    ...compareWithFields(tbs, fields, ca),
    ...compareWithOpenSsl(tbs, fields, ca),
  ];
  return findings.length > 0 ? { findings } : { tbs: tbs as LintedTbs, findings: [] };
}

/** RFC 5280 section 4.1.2.2: at most 20 octets. */
const MAX_SERIAL_OCTETS = 20;

function findRuleBreaks(fields: CertificateFields, ca: IssuingCa): string[] {
  const { serialNumber, notBefore, notAfter, names, extendedKeyUsages } = fields;
  const [first = 0] = serialNumber;
  const rules: [boolean, string][] = [
    [first > 0 && first < 0x80, 'serial number is not positive, or not in its shortest form'],
    [serialNumber.length <= MAX_SERIAL_OCTETS, 'serial number is too long'],
    [notBefore < notAfter, 'validity ends before it begins'],
    [notBefore >= ca.notBefore, 'valid before its CA'],
    [notAfter <= ca.notAfter, 'outlives its CA'],
    [extendedKeyUsages.length > 0, 'no extended key usage: it would be valid for any use'],
    [
      extendedKeyUsages.includes('serverAuth') === names.length > 0,
      'server certificates have subject alternative names, client certificates do not',
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, finding]) => finding);
}
