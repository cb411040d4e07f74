/** The change of one kubeconfig: a new certificate with its key, new CA data, or both. */
import { editText } from '../../read-text.ts';
import { changeFile, currentBytes, type FileChange } from '../disk/file-change.ts';
import { fingerprintsOf } from '../disk/fingerprints.ts';
import { type Kubeconfig, KubeconfigError } from '../disk/kubeconfig.ts';
import { editKubeconfig } from './kubeconfig-edit.ts';

export interface NewPair {
  readonly chainPem: string;
  readonly keyPem: string;
}

/**
 * @param pair if undefined, only the CA data changes
 * @throws KubeconfigError that names the file, if anything else would change
 */
export function changeKubeconfig(
  file: string,
  kubeconfig: Kubeconfig,
  pair: NewPair | undefined,
  caPem: string | undefined,
): FileChange {
  const before = currentBytes(file, false) ?? Buffer.alloc(0);
  const data = {
    userName: kubeconfig.userName,
    clusterName: kubeconfig.clusterName,
    certificate: pair?.chainPem,
    privateKey: pair?.keyPem,
    certificateAuthority: refreshedCa(kubeconfig, caPem),
  };
  try {
    const edited = editText(before, (yaml) => editKubeconfig(yaml, data));
    return { ...changeFile(file, edited, { holdsKey: true, together: false }), before };
  } catch (error) {
    if (error instanceof KubeconfigError) throw new KubeconfigError(`${file}: ${error.message}`);
    throw error;
  }
}

/**
 * CA data that does not consist of exactly the certificates of ca.crt, in its order, is replaced with ca.crt: kubeadm
 * compares the first one (kubeadm#2027), and a CA that ca.crt no longer contains must not stay trusted.
 * @returns undefined if the CA data stays as it is
 */
export function refreshedCa(
  { certificateAuthority, isInsecure }: Kubeconfig,
  caPem: string | undefined,
): string | undefined {
  if (caPem === undefined || isInsecure) return undefined;
  if (certificateAuthority && 'file' in certificateAuthority) return undefined;
  const current = fingerprintsOf(certificateAuthority?.pem ?? '');
  return fingerprintsOf(caPem).join() === current.join() ? undefined : caPem;
}
