/** Which public keys are certified, and the one encoding that certificates use for them. */
import type { KeyObject } from 'node:crypto';
import { toHex } from '../bytes.ts';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import {
  DerError,
  type Element,
  readDer,
  readFields,
  readNull,
  readOctetAlignedBits,
  readOid,
  readPositiveInteger,
  TAG,
} from '../der/read.ts';
import { bitString, derNull, oid, sequence, unsignedInteger } from '../der/write.ts';
import type { Violation } from '../refusal/violation.ts';
import { keyObjectOf } from './key-object.ts';
import { findWeakness } from './weak-keys.ts';

/**
 * Key algorithms as kubeadm's `encryptionAlgorithm` names them; other RSA sizes between 2048 and 4096 are accepted too.
 */
export type KeyKind = `RSA-${number}` | 'ECDSA-P256' | 'ECDSA-P384';

/** The values of kubeadm's `encryptionAlgorithm`. */
export const KEY_KINDS: readonly KeyKind[] = [
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
  'ECDSA-P256',
  'ECDSA-P384',
];

/** A public key in the form in which it is certified, if policy allows it. */
export interface CertifiableKey {
  readonly kind: KeyKind;
  readonly algorithm: 'RSA' | 'EC';
  /** SubjectPublicKeyInfo, encoded again from the checked values. */
  readonly spki: Uint8Array;
  /** The contents of its subjectPublicKey BIT STRING, which key identifiers are hashes of. */
  readonly subjectPublicKey: Uint8Array;
  readonly keyObject: KeyObject;
}

/** A refused key is returned too if it can be used, so that the CSR's signature is judged as well. */
export interface KeyResult {
  readonly key?: CertifiableKey;
  readonly violations: readonly Violation[];
}

const RSA_BITS = { min: 2048, max: 4096 };
const RSA_EXPONENT = 65537n;
const CURVES: Record<string, { kind: KeyKind; coordinateBytes: number }> = {
  [OID.prime256v1]: { kind: 'ECDSA-P256', coordinateBytes: 32 },
  [OID.secp384r1]: { kind: 'ECDSA-P384', coordinateBytes: 48 },
};
const ACCEPTED = 'RSA with 2048 to 4096 bits and exponent 65537, or EC on P-256 or P-384';
const FIX = 'create a new key; kubeadm writes RSA-2048 unless encryptionAlgorithm says otherwise';

/**
 * Judges a SubjectPublicKeyInfo (RFC 5280 section 4.1).
 * @throws DerError if it is not a SubjectPublicKeyInfo
 */
export function judgePublicKey(spki: Element): KeyResult {
  const [algorithm, bits] = readFields(spki, TAG.sequence, 'algorithm', 'subjectPublicKey');
  if (!algorithm || !bits) throw new DerError(`${spki.name}: incomplete`);
  const [identifier, parameters, ...more] = algorithm.expect(TAG.sequence).children();
  if (!identifier || more.length > 0)
    throw new DerError(`${algorithm.name}: not an AlgorithmIdentifier`);
  const name = readOid(identifier);
  if (name === OID.rsaEncryption) return judgeRsaKey(parameters, bits);
  if (name === OID.ecPublicKey) return judgeEcKey(parameters, bits);
  return refuse('key-algorithm', `algorithm ${nameOfOid(name)}`);
}

function judgeRsaKey(parameters: Element | undefined, bits: Element): KeyResult {
  if (!parameters) throw new DerError(`${bits.name}: rsaEncryption without NULL (RFC 3279 2.3.1)`);
  readNull(parameters);
  const octets = readOctetAlignedBits(bits);
  const [n, e] = readFields(
    readDer(octets, 'RSAPublicKey'),
    TAG.sequence,
    'modulus',
    'publicExponent',
  );
  if (!n || !e) throw new DerError('RSAPublicKey: incomplete');
  const modulusOctets = readPositiveInteger(n);
  const modulus = toBigInt(modulusOctets);
  const exponentOctets = readPositiveInteger(e);
  const exponent = toBigInt(exponentOctets);
  const size = modulus.toString(2).length;
  const violations: Violation[] = [];
  const sized = size >= RSA_BITS.min && size <= RSA_BITS.max && size % 8 === 0;
  if (!sized) violations.push(violation('key-size', `RSA with ${size} bits`));
  if (exponent !== RSA_EXPONENT)
    violations.push(violation('key-exponent', `exponent ${exponent.toString().slice(0, 40)}`));
  const weakness = size <= RSA_BITS.max ? findWeakness(modulus) : undefined;
  if (weakness) violations.push(violation('key-weak', weakness));
  if (size > RSA_BITS.max) return { violations }; // verifying with an oversized key is slow
  const subjectPublicKey = sequence(
    unsignedInteger(modulusOctets),
    unsignedInteger(exponentOctets),
  );
  const written = sequence(
    sequence(oid(OID.rsaEncryption), derNull()),
    bitString(subjectPublicKey),
  );
  return withKey(`RSA-${size}`, 'RSA', written, subjectPublicKey, violations);
}

function judgeEcKey(parameters: Element | undefined, bits: Element): KeyResult {
  if (parameters?.tag !== TAG.oid) return refuse('key-curve', 'explicit curve parameters');
  const curveOid = readOid(parameters);
  const curve = CURVES[curveOid];
  if (!curve) return refuse('key-curve', `curve ${nameOfOid(curveOid)}`);
  const point = readOctetAlignedBits(bits);
  // RFC 5480 section 2.2: only the uncompressed form must be supported; Go reads no other.
  if (point[0] !== 4 || point.length !== 1 + 2 * curve.coordinateBytes)
    return refuse('key-malformed', 'a point that is not in uncompressed form');
  const written = sequence(sequence(oid(OID.ecPublicKey), oid(curveOid)), bitString(point));
  return withKey(curve.kind, 'EC', written, Uint8Array.from(point), []);
}

/** OpenSSL parses the encoded key, and rejects points that are not on their curve. */
function withKey(
  kind: KeyKind,
  algorithm: 'RSA' | 'EC',
  spki: Uint8Array,
  subjectPublicKey: Uint8Array,
  violations: readonly Violation[],
): KeyResult {
  try {
    const keyObject = keyObjectOf(spki);
    return { key: { kind, algorithm, spki, subjectPublicKey, keyObject }, violations };
  } catch {
    const got = `an invalid ${kind} key (the point may not be on the curve)`;
    return { violations: [...violations, violation('key-malformed', got)] };
  }
}

function refuse(code: Violation['code'], got: string): KeyResult {
  return { violations: [violation(code, got)] };
}

function violation(code: Violation['code'], got: string): Violation {
  return { code, field: 'publicKey', got, allowed: ACCEPTED, fix: FIX };
}

function toBigInt(octets: Uint8Array): bigint {
  return BigInt(`0x${toHex(octets)}`);
}
