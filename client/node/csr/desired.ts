/** What a CSR should request: subject, names and the kind of the key. */
import type { KeyKind } from '../../../lib/csr/public-key.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import { kindOfKey } from '../disk/private-key.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import type { Selection, SkippedCertificate } from '../disk/select-names.ts';
import { contentsOf } from './csr-contents.ts';
import { csrFromConfig } from './kubeadm-csr.ts';
import type { CsrContents } from './make-csr.ts';
import { whyNotOwn } from './pattern.ts';

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

export interface DesiredOptions extends KeyOptions {
  /** The node's name, if it is known. */
  readonly node?: string | undefined;
  /** kubeadm's configuration, for a successor with other contents. */
  readonly config?: KubeadmConfig | undefined;
}

/**
 * The subject and names of the current certificate, as `kubeadm certs renew` reuses them; or those of the configuration.
 * @throws CommandError if a CSR cannot request them again, or if the certificate is not this node's
 */
export function desiredFromDisk(place: CertificateInPlace, options: DesiredOptions): DesiredCsr {
  const { config } = options;
  return {
    name: place.name,
    contents: config ? csrFromConfig(place.name, config).contents : currentContents(place, options),
    keyKind: options.keyAlgorithm ?? kindOfKey(place.leaf.publicKey) ?? 'RSA-2048',
    reuseKey: options.reuseKey ? keyInPlace(place) : undefined,
    inPlace: place,
  };
}

function currentContents(
  { name, leaf, certificateFile }: CertificateInPlace,
  { node }: DesiredOptions,
): CsrContents {
  const { contents, violations } = contentsOf(leaf);
  const wrong = whyNotOwn(name, leaf, node);
  const hint = `cakeless renew ${name} --config FILE requests what the kubeadm configuration says`;
  if (wrong !== undefined)
    throw new CommandError(
      'usage',
      `${certificateFile}: not the ${name} certificate of this node: ${wrong}`,
      hint,
    );
  if (violations.length === 0) return contents;
  const reasons = violations.map(({ field, got }) => `${field} is ${got}`).join('; ');
  throw new CommandError(
    'usage',
    `${certificateFile}: a CSR cannot request the same contents: ${reasons}`,
    hint,
  );
}

/**
 * One odd certificate is left out, with its reason, and does not hold up the others.
 * @param want throws a CommandError for a certificate for which there can be no CSR
 */
export function leaveOutUnusable(
  { present, skipped }: Selection,
  want: (place: CertificateInPlace) => unknown,
): Selection {
  const usable: CertificateInPlace[] = [];
  const left: SkippedCertificate[] = [];
  for (const place of present)
    try {
      want(place);
      usable.push(place);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const { message, hint } = error;
      const reason = hint === undefined ? message : `${message}; ${hint}`;
      left.push({ name: place.name, reason, isError: true });
    }
  return { present: usable, skipped: [...skipped, ...left] };
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
