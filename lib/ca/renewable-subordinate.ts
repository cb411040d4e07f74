/** A subordinate CA that exists: its certificate can be requested and imported again, for the same key and subject. */
import { X509Certificate } from 'node:crypto';
import {
  type CaVersion,
  originOf,
  signingVersionOf,
  type TrustDomainDocument,
} from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { CaKey, CaKeys } from './ca-keys.ts';
import { publicKeyOf } from './renewal-record.ts';

/** @returns why the certificate of a CA that exists cannot be renewed by an outside CA; undefined if it can */
export function whyNotRenewable(document: TrustDomainDocument, ca: CaName): string | undefined {
  const { trustDomain, cas, rotation } = document;
  const versions = cas[ca];
  if (!versions) return `trust domain ${trustDomain} does not have it`;
  if (rotation?.ca === ca)
    return `it is being rotated (phase ${rotation.phase}): end the rotation first, or go back to stable`;
  return originOf(signingVersionOf(ca, versions)) === 'subordinate'
    ? undefined
    : `trust domain ${trustDomain} already has it: it is its own root, and cakeless trust-domain renew renews its certificate`;
}

/** The key of a version, which stays. */
export const keyOfVersion = ({ keyId, keySpec, certificate }: CaVersion): CaKey => ({
  keyId,
  keySpec,
  publicKey: publicKeyOf(new X509Certificate(certificate).raw),
});

/** @returns why a key that a request names is not that of the version; undefined if it is */
export async function whyOtherKey(
  caKeys: CaKeys,
  name: { readonly trustDomain: string; readonly ca: CaName },
  { version, keyId }: CaVersion,
  named: string | undefined,
): Promise<string | undefined> {
  if (named === undefined || named === keyId) return undefined;
  try {
    const found = await caKeys.findMade(named, { ...name, version });
    return found.keyId === keyId ? undefined : `its key is ${keyId}, and stays: it is not ${named}`;
  } catch (error) {
    if (error instanceof Fault && error.code === 'request-malformed') return error.message;
    throw error;
  }
}
