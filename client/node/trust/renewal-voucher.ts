/**
 * What vouches for the renewed certificate of a CA below another one. That other CA has issued it, so its signature says
 * nothing about whether operators imported it, and anyone who can write to the bucket may have got one. But the import has
 * the CA's own key sign a proof that names the certificate, and the node trusts that key.
 */
import { verify, type X509Certificate } from 'node:crypto';
import { isProofOf } from '../../../lib/ca/key-proof.ts';
import {
  MAX_PUBLISHED_RENEWALS_BYTES,
  type PublishedRenewal,
  publishedRenewalsKey,
  publishedRenewalsSchema,
} from '../../../lib/contract/published-renewals.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { signingAlgorithmOf } from '../../../lib/signing/signing-algorithm.ts';
import { type Gets, getIfThere } from './get-if-there.ts';

/** Of one CA of a trust domain. */
export interface RenewalVouchers {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly renewals: readonly PublishedRenewal[];
}

interface Bytes {
  readonly tooLarge?: boolean;
  readonly body: Uint8Array;
}

/** Something else in its place vouches for nothing. */
export async function readVouchers(
  exchange: Gets<Bytes>,
  trustDomain: string,
  ca: CaName,
): Promise<RenewalVouchers> {
  const key = publishedRenewalsKey(trustDomain);
  const object = await getIfThere(exchange, key, MAX_PUBLISHED_RENEWALS_BYTES);
  const renewals = object && !object.tooLarge ? parse(object.body, trustDomain) : [];
  return { trustDomain, ca, renewals: renewals.filter((one) => one.ca === ca) };
}

function parse(body: Uint8Array, trustDomain: string): readonly PublishedRenewal[] {
  try {
    const result = publishedRenewalsSchema.safeParse(
      JSON.parse(Buffer.from(body).toString('utf8')),
    );
    return result.success && result.data.trustDomain === trustDomain ? result.data.renewals : [];
  } catch {
    return []; // not JSON
  }
}

/** Whether the key of a CA certificate of the node has signed that this certificate renews it. */
export const isVouchedFor = (
  one: X509Certificate,
  before: X509Certificate,
  { trustDomain, ca, renewals }: RenewalVouchers,
): boolean =>
  renewals.some(({ version, keySpec, ...signed }) => {
    const [proof, signature] = [signed.proof, signed.signature].map((text) =>
      Buffer.from(text, 'base64'),
    );
    return (
      proof !== undefined &&
      signature !== undefined &&
      isProofOf(proof, { trustDomain, ca, version }, one.raw) &&
      verify(signingAlgorithmOf(keySpec).hash, proof, before.publicKey, signature)
    );
  });
