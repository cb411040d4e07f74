/**
 * Throw-away keys for built CSRs, from `test/hostile/keys.json` (written by `test/hostile/make-keys.ts`): keys as
 * programs make them, and weak RSA keys as numbers, which sign by plain arithmetic.
 */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { OID } from '../../lib/der/oids.ts';
import { bitString, derNull, oid, sequence, unsignedInteger } from '../../lib/der/write.ts';

export interface TestKey {
  readonly spki: Uint8Array;
  /** AlgorithmIdentifier of the signatures. */
  readonly signatureAlgorithm: Uint8Array;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
  /** PKCS#8, for cases that need the private key itself; absent for keys given as numbers. */
  readonly pkcs8?: Uint8Array;
}

/** In the file: PKCS#8 in base64, or RSA's n, e and d in hex. */
export type StoredKey =
  | { readonly pkcs8: string }
  | { readonly n: string; readonly e: string; readonly d: string };

export const KEYS_FILE = resolve('test', 'hostile', 'keys.json');

const loaded = new Map<string, TestKey>();

/** A committed key by name. */
export function testKey(name: string): TestKey {
  const known = loaded.get(name);
  if (known) return known;
  const stored = (JSON.parse(readFileSync(KEYS_FILE, 'utf8')) as Record<string, StoredKey>)[name];
  if (!stored) throw new Error(`no key ${name} in ${KEYS_FILE}`);
  const key = 'pkcs8' in stored ? programKey(stored.pkcs8) : numberKey(stored);
  loaded.set(name, key);
  return key;
}

const HASHES: Record<string, { hash: string | null; algorithm: Uint8Array }> = {
  rsa: { hash: 'sha256', algorithm: sequence(oid(OID.sha256WithRSAEncryption), derNull()) },
  'rsa-pss': { hash: 'sha256', algorithm: sequence(oid('1.2.840.113549.1.1.10')) },
  ec: { hash: 'sha256', algorithm: sequence(oid(OID.ecdsaWithSHA256)) },
  dsa: { hash: 'sha256', algorithm: sequence(oid('2.16.840.1.101.3.4.3.2')) },
  ed25519: { hash: null, algorithm: sequence(oid('1.3.101.112')) },
  // X25519 cannot sign; the signature is nonsense
  x25519: { hash: null, algorithm: sequence(oid('1.3.101.112')) },
};

function programKey(pkcs8: string): TestKey {
  const der = Buffer.from(pkcs8, 'base64');
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const type = key.asymmetricKeyType ?? '';
  const how = HASHES[type];
  if (!how) throw new Error(`no signature algorithm for a key of type ${type}`);
  return {
    spki: createPublicKey(key).export({ type: 'spki', format: 'der' }),
    signatureAlgorithm: how.algorithm,
    sign: (bytes) => (type === 'x25519' ? new Uint8Array(64) : sign(how.hash, bytes, key)),
    pkcs8: der,
  };
}

const fromHex = (text: string) => Buffer.from(text.length % 2 ? `0${text}` : text, 'hex');

/** SubjectPublicKeyInfo of an RSA key, from its numbers in hex. */
export const rsaSpki = (n: string, e: string) =>
  sequence(
    sequence(oid(OID.rsaEncryption), derNull()),
    bitString(sequence(unsignedInteger(fromHex(n)), unsignedInteger(fromHex(e)))),
  );

function numberKey({ n, e, d }: { n: string; e: string; d: string }): TestKey {
  const modulus = BigInt(`0x${n}`);
  const bytes = Math.ceil(modulus.toString(2).length / 8);
  return {
    spki: rsaSpki(n, e),
    signatureAlgorithm: sequence(oid(OID.sha256WithRSAEncryption), derNull()),
    sign: (signed) => {
      const padded = BigInt(`0x${pkcs1Padded(signed, bytes).toString('hex')}`);
      const signature = power(padded, BigInt(`0x${d}`), modulus);
      return fromHex(signature.toString(16).padStart(2 * bytes, '0'));
    },
  };
}

const SHA256_DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 9.2). */
function pkcs1Padded(signed: Uint8Array, bytes: number): Buffer {
  const digest = createHash('sha256').update(signed).digest();
  const fill = Buffer.alloc(bytes - 3 - SHA256_DIGEST_INFO.length - digest.length, 0xff);
  const head = Buffer.from([0, 1]);
  return Buffer.concat([head, fill, Buffer.from([0]), SHA256_DIGEST_INFO, digest]);
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
