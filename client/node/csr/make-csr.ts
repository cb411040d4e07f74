/** Certificate signing requests as kubeadm creates them (PKCS#10, RFC 2986). */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { toPem } from '../../../lib/bytes.ts';
import { writeAlternativeNames, writeSubject } from '../../../lib/certificate/write-names.ts';
import type { AlternativeName } from '../../../lib/csr/alternative-names.ts';
import type { Subject } from '../../../lib/csr/subject.ts';
import { OID } from '../../../lib/der/oids.ts';
import {
  bitString,
  context,
  derNull,
  octetString,
  oid,
  sequence,
  setOf,
  unsignedInteger,
} from '../../../lib/der/write.ts';
import { kindOfKey } from '../disk/private-key.ts';

export interface CsrContents {
  readonly subject: Subject;
  /** Empty for client certificates. */
  readonly names: readonly AlternativeName[];
}

/**
 * The CSR in PEM: subject and names only, because usages come from the profile.
 * @throws Error for a kind of key that kubeadm does not use
 */
export function makeCsr({ subject, names }: CsrContents, privateKey: KeyObject): string {
  const { hash, identifier } = signatureAlgorithmOf(privateKey);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const info = sequence(
    unsignedInteger(Uint8Array.of(0)), // version 1
    writeSubject(subject),
    publicKey,
    context(0, ...(names.length > 0 ? [extensionRequest(names)] : [])),
  );
  const signature = sign(hash, info, privateKey);
  return toPem('CERTIFICATE REQUEST', sequence(info, identifier, bitString(signature)));
}

/** RFC 2985 section 5.4.2. */
function extensionRequest(names: readonly AlternativeName[]): Uint8Array {
  const san = sequence(oid(OID.subjectAltName), octetString(writeAlternativeNames(names)));
  return sequence(oid(OID.extensionRequest), setOf(sequence(san)));
}

/** Go's defaults, which kubeadm uses: SHA-384 for P-384, otherwise SHA-256 (crypto/x509: signingParamsForKey). */
function signatureAlgorithmOf(key: KeyObject): { hash: string; identifier: Uint8Array } {
  switch (kindOfKey(key)) {
    case undefined:
      throw new Error(`no CSR can be signed with a key of type ${key.asymmetricKeyType}`);
    case 'ECDSA-P256':
      return { hash: 'sha256', identifier: sequence(oid(OID.ecdsaWithSHA256)) };
    case 'ECDSA-P384':
      return { hash: 'sha384', identifier: sequence(oid(OID.ecdsaWithSHA384)) };
    default:
      return {
        hash: 'sha256',
        identifier: sequence(oid(OID.sha256WithRSAEncryption), derNull()),
      };
  }
}
