/** What to ask for: subject and names of a certificate, and the kind of its key. */
import type { AlternativeName } from '../../../lib/csr/alternative-names.ts';
import { formatName } from '../../../lib/csr/alternative-names.ts';
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
  /** PEM of the key to use again; undefined makes a new one. */
  readonly reuseKey: string | undefined;
  /** What stands now, for people who compare. */
  readonly now: CertificateInPlace | undefined;
}

export interface KeyWish {
  readonly keyAlgorithm?: KeyKind | undefined;
  readonly reuseKey?: boolean | undefined;
}

/**
 * The same subject and names as the certificate in place, as `kubeadm certs renew` takes them.
 * @throws CommandError where that can't be asked for again
 */
export function desiredFromDisk(place: CertificateInPlace, wish: KeyWish): DesiredCsr {
  const { contents, violations } = contentsOf(place.leaf);
  if (violations.length > 0) {
    const reasons = violations.map(({ field, got }) => `${field} is ${got}`).join('; ');
    throw new CommandError(
      'usage',
      `${place.certificateFile}: its contents can not be asked for again: ${reasons}`,
      'make the CSR from the kubeadm configuration: cakeless csr --config FILE',
    );
  }
  return {
    name: place.name,
    contents,
    keyKind: wish.keyAlgorithm ?? kindOfKey(place.leaf.publicKey) ?? 'RSA-2048',
    reuseKey: wish.reuseKey ? keyInPlace(place) : undefined,
    now: place,
  };
}

/** @throws CommandError if there is none that fits the certificate */
function keyInPlace({ privateKey, problems, certificateFile }: CertificateInPlace): string {
  if (privateKey === undefined || problems.length > 0)
    throw new CommandError(
      'usage',
      `${certificateFile}: its key can not be used again: ${problems.join('; ') || 'it is missing'}`,
      'without --reuse-key a new one is made',
    );
  const type = privateKey.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1';
  return privateKey.export({ type, format: 'pem' }).toString();
}

/** One line for people: `O=system:nodes, CN=system:node:cp-1` and names. */
export function describeSubject({ subject }: CsrContents): string {
  return [...subject.organizations.map((o) => `O=${o}`), `CN=${subject.commonName}`].join(', ');
}

export const describeNames = (names: readonly AlternativeName[]) =>
  names.map(formatName).join(', ');
