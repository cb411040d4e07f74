/** What a CSR should request: subject, names and the kind of the key. */
import type { KeyKind } from '../../../lib/csr/public-key.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { kindOfKey } from '../disk/private-key.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { contentsOf } from './csr-contents.ts';
import type { CsrContents } from './make-csr.ts';

export interface DesiredCsr {
  readonly name: CertificateName;
  readonly contents: CsrContents;
  readonly keyKind: KeyKind;
  /** PEM of the key to reuse; if undefined, a new one is created. */
  readonly reuseKey: string | undefined;
  /** The certificate that it replaces, to compare with. */
  readonly inPlace: CertificateInPlace | undefined;
}

export interface KeyOptions {
  readonly keyAlgorithm?: KeyKind | undefined;
  readonly reuseKey?: boolean | undefined;
}

/**
 * The subject and names of the current certificate, as `kubeadm certs renew` reuses them.
 * @throws CommandError if a CSR cannot request them again
 */
export function desiredFromDisk(place: CertificateInPlace, options: KeyOptions): DesiredCsr {
  const { contents, violations } = contentsOf(place.leaf);
  if (violations.length > 0) {
    const reasons = violations.map(({ field, got }) => `${field} is ${got}`).join('; ');
    throw new CommandError(
      'usage',
      `${place.certificateFile}: a CSR cannot request the same contents: ${reasons}`,
      'create the CSR from the kubeadm configuration: cakeless csr --config FILE',
    );
  }
  return {
    name: place.name,
    contents,
    keyKind: options.keyAlgorithm ?? kindOfKey(place.leaf.publicKey) ?? 'RSA-2048',
    reuseKey: options.reuseKey ? keyInPlace(place) : undefined,
    inPlace: place,
  };
}

/** @throws CommandError if the certificate has no matching key */
function keyInPlace({ privateKey, problems, certificateFile }: CertificateInPlace): string {
  if (privateKey === undefined || problems.length > 0)
    throw new CommandError(
      'usage',
      `${certificateFile}: its key cannot be reused: ${problems.join('; ') || 'it is missing'}`,
      'omit --reuse-key to create a new key',
    );
  const type = privateKey.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1';
  return privateKey.export({ type, format: 'pem' }).toString();
}
