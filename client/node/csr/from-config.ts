/** What `kubeadm certs generate-csr --config FILE` would request, for a node without certificates. */
import type { KeyKind } from '../../../lib/csr/public-key.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
  isCertificateName,
  KUBEADM_NAMES,
} from '../../../lib/profiles/certificate-names.ts';
import { profileFor } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import type { KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import type { DesiredCsr } from './desired.ts';
import { csrFromConfig } from './kubeadm-csr.ts';

/**
 * @param names kubeadm's, or `all`: every certificate of the configured version, as generate-csr creates them on any
 * node
 * @throws CommandError if kubeadm has no such certificate
 */
export function desiredFromConfig(
  names: readonly string[],
  config: KubeadmConfig,
  keyAlgorithm: KeyKind | undefined,
): DesiredCsr[] {
  const wanted = names.includes('all') ? namesIn(config) : names.map(checkedName);
  return wanted.map((name) => {
    const { contents, keyKind } = csrFromConfig(name, config);
    return {
      name,
      contents,
      keyKind: keyAlgorithm ?? keyKind,
      reuseKey: undefined,
      inPlace: undefined,
    };
  });
}

/** super-admin.conf exists since 1.29. */
const namesIn = ({ version }: KubeadmConfig): CertificateName[] =>
  KUBEADM_NAMES.filter((name) => profileFor(name, version));

function checkedName(name: string): CertificateName {
  if (isCertificateName(name)) return name;
  throw new CommandError(
    'usage',
    `${name}: kubeadm has no such certificate; the names are ${CERTIFICATE_NAMES.join(', ')}`,
  );
}
