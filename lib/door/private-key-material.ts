/**
 * Finds private keys in what was uploaded, whatever the object is called: a node that copies all of
 * /etc/kubernetes would send `.key` files, and the kubeconfigs that `generate-csr` writes hold theirs in base64.
 */
import { createPrivateKey } from 'node:crypto';

/** PEM labels of every kind of private key: PKCS#1, SEC1, PKCS#8 plain and encrypted, OpenSSH, PGP. */
const LABEL = /-{4,5} ?BEGIN [A-Z0-9 ]*PRIVATE KEY/i;
/** A kubeconfig's embedded key, in YAML or JSON. */
const KUBECONFIG_KEY = /client-key-data["']?\s*:\s*["']?[A-Za-z0-9+/]/;
/** Members of a JWK (RFC 7517): the key type, and the private part `d`. */
const JWK_TYPE = /"kty"\s*:/;
const JWK_PRIVATE = /"d"\s*:/;
const BASE64_RUN = /[A-Za-z0-9+/]{40,}(?:\r?\n[A-Za-z0-9+/]{4,})*={0,2}/g;

/** What kind of private key the bytes hold, for the report; undefined if none was found. The key itself is never returned. */
export function findPrivateKey(bytes: Uint8Array): string | undefined {
  return inText(bytes) ?? inDer(bytes);
}

function inText(bytes: Uint8Array): string | undefined {
  for (const text of readings(bytes)) {
    if (LABEL.test(text)) return 'a PEM block with a private key';
    if (KUBECONFIG_KEY.test(text)) return 'a kubeconfig with an embedded private key';
    if (JWK_TYPE.test(text) && JWK_PRIVATE.test(text))
      return 'a JSON web key with its private part';
    for (const run of text.match(BASE64_RUN) ?? []) {
      const decoded = Buffer.from(run.replace(/\s/g, ''), 'base64');
      if (LABEL.test(decoded.toString('latin1'))) return 'a private key in base64';
      if (inDer(decoded)) return 'a private key in base64';
    }
  }
  return undefined;
}

/** As octets, and as UTF-16 if that is what it is (Windows editors). */
function readings(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const octets = buffer.toString('latin1');
  return octets.includes('\0') ? [octets, octets.replaceAll('\0', '')] : [octets];
}

function inDer(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== 0x30) return undefined;
  if (isEncryptedPkcs8(bytes)) return 'an encrypted private key in DER';
  if (isPkcs12(bytes)) return 'a PKCS#12 file';
  if (!startsLikePrivateKey(bytes)) return undefined;
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    try {
      createPrivateKey({ key: Buffer.from(bytes), format: 'der', type });
      return 'a private key in DER';
    } catch {
      // not of this type
    }
  }
  return undefined;
}

/** PKCS#8, PKCS#1 and SEC1 all start with a version 0 or 1; a CSR does not, and is spared the three attempts. */
function startsLikePrivateKey(bytes: Uint8Array): boolean {
  const length = bytes[1] ?? 0;
  const start = length > 0x80 ? 2 + (length & 0x7f) : 2;
  return bytes[start] === 0x02 && bytes[start + 1] === 1 && (bytes[start + 2] ?? 2) <= 1;
}

/** EncryptedPrivateKeyInfo starts with an AlgorithmIdentifier of PKCS#5 or PKCS#12 (RFC 5958 section 3). */
function isEncryptedPkcs8(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 32));
  const pkcs5 = Buffer.from('2a864886f70d0105', 'hex');
  const pkcs12 = Buffer.from('2a864886f70d010c01', 'hex');
  return head.includes(pkcs5) || head.includes(pkcs12);
}

/** PFX: version 3, then ContentInfo of type data or signedData (RFC 7292 section 4). */
function isPkcs12(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 40));
  return (
    head.includes(Buffer.from('020103', 'hex')) &&
    head.includes(Buffer.from('06092a864886f70d0107', 'hex'))
  );
}
