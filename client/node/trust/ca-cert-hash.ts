/**
 * Hashes of CA certificates in the form of kubeadm's --discovery-token-ca-cert-hash (cmd/kubeadm/app/util/pubkeypin):
 * SHA-256 of the SubjectPublicKeyInfo, in hex after `sha256:`.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';

/** What a hash can be of: a CA of the cluster, or the root above its CAs, which is never a CA of the cluster itself. */
const HASHED = [...CA_NAMES, 'root'] as const;

type Hashed = (typeof HASHED)[number];

/** SHA-256 of the public keys that are trusted for each CA, and for the root above them, in hex. */
export type CaHashes = Readonly<Record<Hashed, readonly string[]>>;

/**
 * `sha256:HEX` for `ca`, or `etcd-ca=sha256:HEX`.
 * @param what the hash is of
 * @throws CommandError if it is neither
 */
export function parseCaCertHash(text: string, what = "a CA's public key"): [Hashed, string] {
  const match = /^(?:([a-z-]+)=)?sha256:([0-9a-fA-F]{64})$/.exec(text);
  const ca = HASHED.find((name) => name === (match?.[1] ?? 'ca'));
  if (match && ca) return [ca, (match[2] ?? '').toLowerCase()];
  throw new CommandError(
    'usage',
    `${text}: not a hash of ${what}`,
    `write sha256:HEX for ca, and the name of another CA before it: ${HASHED.filter(
      (name) => name !== 'ca',
    )
      .map((name) => `${name}=sha256:HEX`)
      .join(', ')}`,
  );
}

/** A hash counts only for the CA that it names. @throws CommandError as `parseCaCertHash` does */
export function caHashesOf(texts: readonly string[], what?: string): CaHashes {
  const hashes = texts.map((text) => parseCaCertHash(text, what));
  const of = (wanted: Hashed) => hashes.filter(([ca]) => ca === wanted).map(([, hash]) => hash);
  return Object.fromEntries(HASHED.map((ca) => [ca, of(ca)])) as Record<Hashed, string[]>;
}

/** The hash of a certificate, or of the first certificate in a PEM text; in hex. */
export function hashOf(certificate: X509Certificate | string): string {
  const { publicKey } =
    typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/** In the form of the option: `sha256:HEX`, after the name of the CA unless that is `ca`. */
export function formatCaCertHash(ca: Hashed, certificate: X509Certificate | string): string {
  return formatHash(ca, hashOf(certificate));
}

/** @param hash SHA-256 in hex */
export const formatHash = (ca: Hashed, hash: string): string =>
  `${ca === 'ca' ? '' : `${ca}=`}sha256:${hash}`;
