/** What `kubeadm certs generate-csr --config FILE` would ask for, for a node that has no certificates yet. */
import type { KeyKind } from '../../../lib/csr/public-key.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
  isCertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { profileFor } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import { type KubeadmConfig, readKubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import type { DesiredCsr } from './desired.ts';
import { csrFromConfig } from './kubeadm-csr.ts';

export interface ConfigSource {
  readonly text: string;
  readonly file: string;
  /** In place of the name and address in the InitConfiguration. */
  readonly node?: string | undefined;
  readonly advertiseAddress?: string | undefined;
  readonly keyAlgorithm?: KeyKind | undefined;
}

/**
 * @param names kubeadm's, or `all`: all that its version has, as generate-csr makes them on any node
 * @throws CommandError if the configuration does not say enough, or kubeadm has no such certificate
 */
export function desiredFromConfig(
  names: readonly string[],
  { text, file, keyAlgorithm, ...options }: ConfigSource,
): DesiredCsr[] {
  const config = readKubeadmConfig(text, file, options);
  const wanted = names.includes('all') ? namesIn(config) : names.map(checkedName);
  return wanted.map((name) => {
    const { contents, keyKind } = csrFromConfig(name, config);
    return {
      name,
      contents,
      keyKind: keyAlgorithm ?? keyKind,
      reuseKey: undefined,
      now: undefined,
    };
  });
}

/** super-admin.conf came with 1.29. */
const namesIn = ({ version }: KubeadmConfig): CertificateName[] =>
  CERTIFICATE_NAMES.filter((name) => profileFor(name, version));

function checkedName(name: string): CertificateName {
  if (isCertificateName(name)) return name;
  throw new CommandError(
    'usage',
    `${name}: kubeadm has no such certificate; it has ${CERTIFICATE_NAMES.join(', ')}`,
  );
}
