/**
 * First trust: why a new node believes that a CA certificate is the right one. What lies on disk is trusted already;
 * else it is a hash of the CA's public key, kubeadm's --discovery-token-ca-cert-hash form (cmd/kubeadm/app/util/pubkeypin),
 * or a file with the CA certificates, that came another way than through the bucket.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { certificatesIn, holdsCertificatesOnly } from '../../../lib/certificate/pem.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError, EXIT } from '../../exit-codes.ts';

export interface Pins {
  readonly hashes: Readonly<Record<CaName, readonly string[]>>;
  /** PEM text with the certificates of CAs. */
  readonly trustBundle: string | undefined;
  readonly onFirstUse: boolean;
}

export type TrustedBy = 'disk' | 'hash' | 'trust-bundle' | 'first-use';

/** `sha256:HEX` for `ca`, or `etcd-ca=sha256:HEX`. */
export function parseCaCertHash(text: string): [CaName, string] {
  const match = /^(?:([a-z-]+)=)?sha256:([0-9a-fA-F]{64})$/.exec(text);
  const ca = CA_NAMES.find((name) => name === (match?.[1] ?? 'ca'));
  if (match && ca) return [ca, (match[2] ?? '').toLowerCase()];
  throw new CommandError(
    EXIT.usage,
    `${text}: is no hash of a CA`,
    'write sha256:HEX for ca, etcd-ca=sha256:HEX and front-proxy-ca=sha256:HEX for the others',
  );
}

/** SHA-256 of the SubjectPublicKeyInfo. */
export function hashOf(pem: string): string {
  const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/**
 * Every certificate of a bundle has to be vouched for, the first above all: kubeadm reads no other.
 * @returns why it is trusted, or what is against it
 */
export function judgeBundle(
  ca: CaName,
  bundle: string,
  onDisk: string | undefined,
  pins: Pins,
): { readonly trustedBy: TrustedBy } | { readonly problem: string } {
  const certificates = certificatesIn(bundle);
  if (certificates.length === 0 || !holdsCertificatesOnly(bundle))
    return { problem: `the trust bundle of ${ca} is not a list of PEM certificates` };
  const seen = certificates.map((pem) => `sha256:${hashOf(pem)}`).join(', ');
  if (certificates.some((pem) => !new X509Certificate(pem).ca))
    return { problem: `the trust bundle of ${ca} holds a certificate that is no CA` };
  if (onDisk !== undefined)
    return same(onDisk, bundle)
      ? { trustedBy: 'disk' }
      : {
          problem: `the CA certificates of ${ca} on disk are not those of the service (${seen})`,
        };
  const hashes = pins.hashes[ca];
  const inBundle = certificatesIn(pins.trustBundle ?? '').map(fingerprint);
  if (hashes.length > 0)
    return certificates.every((pem) => hashes.includes(hashOf(pem)))
      ? { trustedBy: 'hash' }
      : { problem: `the service's ${ca} has another public key (${seen}) than the one pinned` };
  if (pins.trustBundle !== undefined)
    return certificates.every((pem) => inBundle.includes(fingerprint(pem)))
      ? { trustedBy: 'trust-bundle' }
      : { problem: `the service's ${ca} (${seen}) is not in the trust bundle that was given` };
  return pins.onFirstUse
    ? { trustedBy: 'first-use' }
    : {
        problem: `nothing says that the service's ${ca} (${seen}) is the right one`,
      };
}

const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;
const same = (a: string, b: string) =>
  certificatesIn(a).map(fingerprint).join() === certificatesIn(b).map(fingerprint).join();
