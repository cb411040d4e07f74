/**
 * Finds private keys in uploads, whatever their names are: a node that copies all of /etc/kubernetes would send `.key`
 * files, and kubeconfigs, which contain their keys in base64.
 */

import { bufferOf, oncePerBytes, toLatin1 } from '../bytes.ts';

/** PEM labels of every kind of private key: PKCS#1, SEC1, PKCS#8 plain and encrypted, OpenSSH, PGP. */
const LABEL = /-{4,5} ?BEGIN [A-Z0-9 ]*PRIVATE KEY/i;
/** A kubeconfig's embedded key, in YAML or JSON. */
const KUBECONFIG_KEY = /client-key-data["']?\s*:\s*["']?[A-Za-z0-9+/]/;
/** Members of a JWK (RFC 7517): the key type, and the private part `d`. */
const JWK_TYPE = /"kty"\s*:/;
const JWK_PRIVATE = /"d"\s*:/;
const BASE64_RUN = /[A-Za-z0-9+/]{40,}(?:\r?\n[A-Za-z0-9+/]{4,})*={0,2}/g;

/** A kubeconfig in a Secret has its key in base64 inside base64. */
const MAX_BASE64_LAYERS = 3;

/** The kind of private key that was found, for the report; undefined if none was found. The key itself is never returned. */
export const findPrivateKey: (bytes: Uint8Array) => string | undefined = oncePerBytes((bytes) =>
  find(bytes, MAX_BASE64_LAYERS),
);

function find(bytes: Uint8Array, layers: number): string | undefined {
  return inText(bytes, layers) ?? inDer(bytes);
}

function inText(bytes: Uint8Array, layers: number): string | undefined {
  for (const text of readings(bytes)) {
    const found = inPlainText(text) ?? inBase64(text, layers);
    if (found) return found;
  }
  return undefined;
}

function inPlainText(text: string): string | undefined {
  // a search for plain text is much faster than one for a pattern that contains it
  if (text.includes('----') && LABEL.test(text)) return 'a PEM block with a private key';
  if (text.includes('client-key-data') && KUBECONFIG_KEY.test(text))
    return 'a kubeconfig with an embedded private key';
  const isJwk = text.includes('"kty"') && JWK_TYPE.test(text) && JWK_PRIVATE.test(text);
  return isJwk ? 'a JSON web key with its private part' : undefined;
}

function inBase64(text: string, layers: number): string | undefined {
  if (layers === 0) return undefined;
  const holdsKey = (text.match(BASE64_RUN) ?? []).some((run) =>
    find(Buffer.from(run.replace(/\s/g, ''), 'base64'), layers - 1),
  );
  return holdsKey ? 'a private key in base64' : undefined;
}

/** As octets; as UTF-16, which Windows editors write; and without the escapes of JSON, in which a newline is `\n`. */
function readings(bytes: Uint8Array): string[] {
  const octets = toLatin1(bytes);
  const texts = octets.includes('\0') ? [octets, octets.replaceAll('\0', '')] : [octets];
  return texts.flatMap((text) => (text.includes('\\') ? [text, withoutEscapes(text)] : [text]));
}

/** RFC 8259 section 7. Code points above U+00FF are in no key. */
function withoutEscapes(text: string): string {
  return text.replace(ESCAPE, (_, code: string, letter: string) =>
    code ? String.fromCharCode(Number.parseInt(code, 16)) : (LETTERS[letter] ?? letter),
  );
}

const ESCAPE = /\\(?:u([0-9A-Fa-f]{4})|(.))/gs;
const LETTERS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/**
 * By their first octets, at any offset: after a newline, after a CSR, or truncated, because part of a key is secret too.
 * They are long enough that no CSR has them by chance.
 */
function inDer(bytes: Uint8Array): string | undefined {
  const der = bufferOf(bytes);
  for (let at = der.indexOf(SEQUENCE); at >= 0; at = der.indexOf(SEQUENCE, at + 1)) {
    const start = contentsAt(der, at);
    if (der[start] !== INTEGER && der[start] !== SEQUENCE) continue;
    const inside = der.toString('hex', start, start + 32);
    if (PRIVATE_KEYS.some((start) => start.test(inside))) return 'a private key in DER';
    if (ENCRYPTED_KEY.test(inside)) return 'an encrypted private key in DER';
    if (PKCS12.test(inside)) return 'a PKCS#12 file';
  }
  return undefined;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** The offset at which the contents of an element begin. */
function contentsAt(der: Buffer, at: number): number {
  const length = der[at + 1] ?? 0;
  return at + 2 + (length > 0x80 ? length & 0x7f : 0);
}

/** Each by the hex digits of its first fields, of which the first is an INTEGER or a SEQUENCE. */
const PRIVATE_KEYS = [
  // PrivateKeyInfo: version 0 or 1, AlgorithmIdentifier (RFC 5958 section 2). An explicit EC curve, which a public key
  // may have, starts in the same way, but with the OID of a field (X9.62, 1.2.840.10045.1).
  /^02010[01]30..06(?!072a8648ce3d01)/,
  // RSAPrivateKey: version 0 or 1, a modulus of 512 bits at least (RFC 8017 appendix A.1.2)
  /^02010[01]02(?:4[01]|8[12])/,
  // ECPrivateKey: version 1, an OCTET STRING of a curve's size (RFC 5915 section 3)
  /^02010104(?:1c|20|30|42)/,
];

/** EncryptedPrivateKeyInfo starts with an AlgorithmIdentifier of PKCS#5 or PKCS#12 (RFC 5958 section 3). */
const ENCRYPTED_KEY = /^30(?:..|81..)06(?:092a864886f70d0105|0a2a864886f70d010c01)/;

/** PFX: version 3, then ContentInfo of type data or signedData (RFC 7292 section 4). */
const PKCS12 = /^02010330(?:..|81..|82....|80)06092a864886f70d0107/;
