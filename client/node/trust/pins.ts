/**
 * First trust: why a new node believes that a CA certificate is the right one. What lies on disk is trusted already;
 * else it is a hash of the CA's public key, kubeadm's --discovery-token-ca-cert-hash form (cmd/kubeadm/app/util/pubkeypin),
 * or a file with the CA certificates, that came another way than through the bucket.
 */
import { X509Certificate } from 'node:crypto';
import { CA_COMMON_NAMES } from '../../../lib/ca/ca-certificate.ts';
import { certificatesIn, holdsCertificatesOnly } from '../../../lib/certificate/pem.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { type CaHashes, hashOf } from './ca-cert-hash.ts';

export interface Pins {
  readonly hashes: CaHashes;
  /** PEM text with the certificates of CAs. */
  readonly trustBundle: string | undefined;
  readonly onFirstUse: boolean;
}

export type TrustedBy = 'disk' | 'hash' | 'trust-bundle' | 'first-use';

export type Judgement =
  | { readonly trustedBy: TrustedBy }
  | { readonly problem: string; readonly isUnpinned?: boolean };

/**
 * Every certificate of a bundle has to be vouched for, the first above all: kubeadm reads no other. What was given has
 * to fit even where a CA lies on disk already: that one may have been trusted too soon.
 */
export function judgeBundle(...question: Parameters<typeof judge>): Judgement {
  try {
    return judge(...question);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `a certificate of ${question[0]} can not be read: ${reason}` };
  }
}

function judge(ca: CaName, bundle: string, onDisk: string | undefined, pins: Pins): Judgement {
  const certificates = certificatesIn(bundle);
  if (certificates.length === 0 || !holdsCertificatesOnly(bundle))
    return { problem: `the trust bundle of ${ca} is not a list of PEM certificates` };
  const seen = certificates.map((pem) => `sha256:${hashOf(pem)}`).join(', ');
  if (certificates.some((pem) => !new X509Certificate(pem).ca))
    return { problem: `the trust bundle of ${ca} holds a certificate that is no CA` };
  const hashes = pins.hashes[ca];
  if (hashes.length > 0 && !certificates.every((pem) => hashes.includes(hashOf(pem))))
    return { problem: `${ca} has another public key (${seen}) than the one pinned` };
  const { trustBundle } = pins;
  const given = certificatesIn(trustBundle ?? '').map(fingerprint);
  if (trustBundle !== undefined && !certificates.every((pem) => given.includes(fingerprint(pem))))
    return { problem: `${ca} (${seen}) is not in the trust bundle that was given` };
  const other = certificates.map((pem) => otherCaOf(ca, pem)).find((name) => name !== undefined);
  if (trustBundle !== undefined && other)
    return { problem: `${ca} (${seen}) is ${other} in the trust bundle that was given` };
  if (onDisk !== undefined && !same(onDisk, bundle))
    return {
      problem: `the CA certificates of ${ca} on disk are not those of the service (${seen})`,
    };
  if (hashes.length > 0) return { trustedBy: 'hash' };
  if (trustBundle !== undefined) return { trustedBy: 'trust-bundle' };
  if (onDisk !== undefined) return { trustedBy: 'disk' };
  if (pins.onFirstUse) return { trustedBy: 'first-use' };
  return {
    problem: `nothing says that the service's ${ca} (${seen}) is the right one`,
    isUnpinned: true,
  };
}

/** The CA that a certificate is for by its subject, if that is another one: a file holds all of them, a hash only one. */
function otherCaOf(ca: CaName, pem: string): CaName | undefined {
  const [, commonName] = /^CN=(.*)$/m.exec(new X509Certificate(pem).subject) ?? [];
  const named = CA_NAMES.find((name) => CA_COMMON_NAMES[name] === commonName);
  return named === ca ? undefined : named;
}

const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;
const same = (a: string, b: string) =>
  certificatesIn(a).map(fingerprint).join() === certificatesIn(b).map(fingerprint).join();
