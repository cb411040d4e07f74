/** CA key specs that KMS offers and kubeadm accepts, each with its algorithm for signing certificates. */
import { OID } from '../der/oids.ts';
import { derNull, oid, sequence } from '../der/write.ts';

export const CA_KEY_SPECS = [
  'ECC_NIST_P256',
  'ECC_NIST_P384',
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
] as const;

/** KMS's KeySpec. */
export type CaKeySpec = (typeof CA_KEY_SPECS)[number];

export interface SigningAlgorithm {
  /** KMS's SigningAlgorithmSpec. */
  readonly kms: 'ECDSA_SHA_256' | 'ECDSA_SHA_384' | 'RSASSA_PKCS1_V1_5_SHA_256';
  readonly hash: 'sha256' | 'sha384';
  /** AlgorithmIdentifier in DER, as in certificates. */
  readonly identifier: Uint8Array;
}

/** RFC 5758 section 3.2: no parameters for ECDSA. The hash is as long as the curve, as in kubeadm (Go). */
const ecdsaP256: SigningAlgorithm = {
  kms: 'ECDSA_SHA_256',
  hash: 'sha256',
  identifier: sequence(oid(OID.ecdsaWithSHA256)),
};
const ecdsaP384: SigningAlgorithm = {
  kms: 'ECDSA_SHA_384',
  hash: 'sha384',
  identifier: sequence(oid(OID.ecdsaWithSHA384)),
};
/** RFC 4055 section 5: parameters NULL. */
const rsa: SigningAlgorithm = {
  kms: 'RSASSA_PKCS1_V1_5_SHA_256',
  hash: 'sha256',
  identifier: sequence(oid(OID.sha256WithRSAEncryption), derNull()),
};

const BY_KEY_SPEC: Record<CaKeySpec, SigningAlgorithm> = {
  ECC_NIST_P256: ecdsaP256,
  ECC_NIST_P384: ecdsaP384,
  RSA_2048: rsa,
  RSA_3072: rsa,
  RSA_4096: rsa,
};

export function signingAlgorithmOf(keySpec: CaKeySpec): SigningAlgorithm {
  return BY_KEY_SPEC[keySpec];
}
