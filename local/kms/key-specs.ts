import { AwsError } from '../aws-error.ts';

/** A signing algorithm of KMS, and the digest that it takes. */
export interface SigningAlgorithm {
  readonly name: string;
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly digestBytes: number;
  /**
   * The DER of DigestInfo up to the digest, for RSA only.
   * RFC 8017, section 9.2, note 1.
   */
  readonly digestInfoPrefix?: string;
}

/** A key spec: which key pair to generate, and the algorithms that KMS allows with it. */
export type KeySpec = {
  readonly name: string;
  readonly algorithms: readonly SigningAlgorithm[];
} & ({ readonly rsaBits: number } | { readonly curve: EllipticCurve });

/** A NIST curve: node:crypto's name and the order of its group (SP 800-186, section 3.2.1). */
export interface EllipticCurve {
  readonly namedCurve: 'prime256v1' | 'secp384r1';
  readonly order: bigint;
  readonly bytes: number;
}

const rsaAlgorithms: readonly SigningAlgorithm[] = [
  {
    name: 'RSASSA_PKCS1_V1_5_SHA_256',
    hash: 'sha256',
    digestBytes: 32,
    digestInfoPrefix: '3031300d060960864801650304020105000420',
  },
  {
    name: 'RSASSA_PKCS1_V1_5_SHA_384',
    hash: 'sha384',
    digestBytes: 48,
    digestInfoPrefix: '3041300d060960864801650304020205000430',
  },
  {
    name: 'RSASSA_PKCS1_V1_5_SHA_512',
    hash: 'sha512',
    digestBytes: 64,
    digestInfoPrefix: '3051300d060960864801650304020305000440',
  },
];

/**
 * The specs of CA keys. RSASSA-PSS is not included: no kubeadm certificate is signed with it.
 * https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
 */
const keySpecs: readonly KeySpec[] = [
  {
    name: 'ECC_NIST_P256',
    algorithms: [{ name: 'ECDSA_SHA_256', hash: 'sha256', digestBytes: 32 }],
    curve: {
      namedCurve: 'prime256v1',
      order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
      bytes: 32,
    },
  },
  {
    name: 'ECC_NIST_P384',
    algorithms: [{ name: 'ECDSA_SHA_384', hash: 'sha384', digestBytes: 48 }],
    curve: {
      namedCurve: 'secp384r1',
      order:
        0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
      bytes: 48,
    },
  },
  { name: 'RSA_2048', algorithms: rsaAlgorithms, rsaBits: 2048 },
  { name: 'RSA_3072', algorithms: rsaAlgorithms, rsaBits: 3072 },
  { name: 'RSA_4096', algorithms: rsaAlgorithms, rsaBits: 4096 },
];

/** The spec of this name. */
export function keySpec(name: string): KeySpec {
  const spec = keySpecs.find((candidate) => candidate.name === name);
  if (spec !== undefined) return spec;
  throw new AwsError(
    'UnsupportedOperationException',
    `KeySpec ${name} is not supported here; supported are ${keySpecs.map((known) => known.name).join(', ')}`,
  );
}

/** The algorithm of this name. @throws AwsError if the key cannot use it */
export function algorithmFor(spec: KeySpec, name: string): SigningAlgorithm {
  const algorithm = spec.algorithms.find((candidate) => candidate.name === name);
  if (algorithm !== undefined) return algorithm;
  const known = keySpecs.some(({ algorithms }) => algorithms.some((any) => any.name === name));
  if (known || /^(RSASSA_PSS_SHA_(256|384|512)|ECDSA_SHA_512|SM2DSA)$/.test(name)) {
    throw new AwsError(
      'InvalidKeyUsageException',
      `Algorithm ${name} is incompatible with key spec ${spec.name}.`,
    );
  }
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${name}' at 'signingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set`,
  );
}
