import { createECDH, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Random } from '../identifiers.ts';
import type { EllipticCurve } from './key-specs.ts';

/**
 * ECDSA over a digest that already exists: node:crypto always hashes. The steps are those of FIPS 186-5, section 6.4. Not
 * in constant time, which is acceptable only for throw-away keys on loopback. The digests that KMS allows are as long as
 * the curve's order, so none has to be truncated.
 */
export function signDigest(
  key: KeyObject,
  curve: EllipticCurve,
  digest: Buffer,
  random: Random,
): Buffer {
  const n = curve.order;
  for (;;) {
    const k = uniformScalar(curve, random);
    const r = pointX(curve, k) % n;
    const s = (inverse(k, n) * (toInteger(digest) + r * privateScalar(key))) % n;
    if (r !== 0n && s !== 0n) return encodeSignature(r, s);
  }
}

/** Checks a signature over a digest. The private key d is known, so u1·G + u2·Q is (u1 + u2·d)·G. */
export function verifyDigest(
  key: KeyObject,
  curve: EllipticCurve,
  digest: Buffer,
  signature: Buffer,
): boolean {
  const n = curve.order;
  const [r, s] = decodeSignature(signature) ?? [0n, 0n];
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
  const w = inverse(s, n);
  const scalar = ((toInteger(digest) + r * privateScalar(key)) * w) % n;
  return scalar !== 0n && pointX(curve, scalar) % n === r;
}

/** FIPS 186-5, appendix A.3.2: draw until it fits; a remainder would not be uniform, and would leak the key. */
function uniformScalar({ order, bytes }: EllipticCurve, random: Random): bigint {
  for (;;) {
    const candidate = toInteger(random(bytes));
    if (candidate > 0n && candidate < order) return candidate;
  }
}

/** The x coordinate of k·G. node:crypto does this multiplication to derive a public key. */
function pointX({ namedCurve, bytes }: EllipticCurve, k: bigint): bigint {
  const ecdh = createECDH(namedCurve);
  ecdh.setPrivateKey(toBytes(k, bytes));
  return toInteger(ecdh.getPublicKey().subarray(1, 1 + bytes));
}

function privateScalar(key: KeyObject): bigint {
  const { d = '' }: JsonWebKey = key.export({ format: 'jwk' });
  return toInteger(Buffer.from(d, 'base64url'));
}

/** The inverse modulo a prime, by the extended Euclidean algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [remainder, next] = [modulus, value % modulus];
  let [factor, nextFactor] = [0n, 1n];
  while (next !== 0n) {
    const quotient = remainder / next;
    [remainder, next] = [next, remainder - quotient * next];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  return ((factor % modulus) + modulus) % modulus;
}

/** Ecdsa-Sig-Value of RFC 3279, section 2.2.3; for these curves always shorter than 128 bytes. */
function encodeSignature(r: bigint, s: bigint): Buffer {
  const integers = Buffer.concat([encodeInteger(r), encodeInteger(s)]);
  return Buffer.concat([Buffer.of(0x30, integers.length), integers]);
}

function encodeInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const padded = bytes.readUInt8(0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, padded.length), padded]);
}

/** Undefined for anything that `encodeSignature` would not have written. */
function decodeSignature(der: Buffer): [bigint, bigint] | undefined {
  const rLength = der[3] ?? 0;
  const r = der.subarray(4, 4 + rLength);
  const s = der.subarray(6 + rLength);
  if (r.length === 0 || s.length === 0) return undefined;
  const numbers: [bigint, bigint] = [toInteger(r), toInteger(s)];
  return encodeSignature(...numbers).equals(der) ? numbers : undefined;
}

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function toBytes(value: bigint, size: number): Buffer {
  return Buffer.from(value.toString(16).padStart(size * 2, '0'), 'hex');
}
