/** Proof of possession: the CSR is signed with the key for which it requests a certificate (RFC 2986 section 4.2). */
import { type KeyObject, verify } from 'node:crypto';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import {
  DerError,
  type Element,
  readNull,
  readOctetAlignedBits,
  readOid,
  TAG,
} from '../der/read.ts';
import type { Violation } from '../refusal/violation.ts';
import type { CertifiableKey } from './public-key.ts';

interface SignatureAlgorithm {
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly key: 'RSA' | 'EC';
}

/** PKCS#1 v1.5 and ECDSA with SHA-256 or better: what kubeadm and OpenSSL write. PSS, SHA-1 and older are not accepted. */
const ALGORITHMS: Record<string, SignatureAlgorithm> = {
  [OID.sha256WithRSAEncryption]: { hash: 'sha256', key: 'RSA' },
  [OID.sha384WithRSAEncryption]: { hash: 'sha384', key: 'RSA' },
  [OID.sha512WithRSAEncryption]: { hash: 'sha512', key: 'RSA' },
  [OID.ecdsaWithSHA256]: { hash: 'sha256', key: 'EC' },
  [OID.ecdsaWithSHA384]: { hash: 'sha384', key: 'EC' },
  [OID.ecdsaWithSHA512]: { hash: 'sha512', key: 'EC' },
};

const NEW_CSR = 'create a new CSR on the node that has the key';

/**
 * Judges signatureAlgorithm and signature of a CSR. If the key was refused, only the algorithm is checked.
 * @throws DerError if the fields are not those of PKCS#10
 */
export function judgePossession(
  signed: Element,
  algorithmField: Element,
  signatureField: Element,
  key: CertifiableKey | undefined,
): Violation[] {
  const [identifier, parameters, ...more] = algorithmField.expect(TAG.sequence).children();
  const signature = readOctetAlignedBits(signatureField);
  if (!identifier) throw new DerError(`${algorithmField.name}: without an algorithm`);
  const name = readOid(identifier);
  const algorithm = ALGORITHMS[name];
  if (!algorithm) return [algorithmViolation(`algorithm ${nameOfOid(name)}`)];
  if (more.length > 0) throw new DerError(`${algorithmField.name}: more than two fields`);
  // RFC 4055 section 5: NULL, and absent must be accepted too; RFC 5758 section 3.2: absent.
  if (parameters && algorithm.key === 'RSA') readNull(parameters);
  else if (parameters) throw new DerError(`${algorithmField.name}: parameters with ECDSA`);
  if (!key) return [];
  if (algorithm.key !== key.algorithm)
    return [algorithmViolation(`an ${algorithm.key} signature with a ${key.kind} key`)];
  return verifies(algorithm.hash, signed.raw, key.keyObject, signature)
    ? []
    : [
        {
          code: 'signature-invalid',
          field: 'signature',
          got: 'a signature that does not verify with the key in the CSR',
          allowed: 'a signature made with the private key of the public key in the CSR',
          fix: NEW_CSR,
        },
      ];
}

function verifies(
  hash: string,
  signed: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  try {
    return verify(hash, signed, key, signature);
  } catch {
    return false; // an ECDSA signature that is not a SEQUENCE of two INTEGERs
  }
}

function algorithmViolation(got: string): Violation {
  return {
    code: 'signature-algorithm',
    field: 'signatureAlgorithm',
    got,
    allowed: 'RSA (PKCS#1 v1.5) or ECDSA with SHA-256, SHA-384 or SHA-512',
    fix: NEW_CSR,
  };
}
