/** The CA certificates by which a kubeconfig verifies its API server. */
import { dirname } from 'node:path';
import { readTextIfThere } from '../../read-text.ts';
import { type Kubeconfig, readKubeconfig } from './kubeconfig.ts';

/** PEM; undefined if it names none, or a file that does not exist. */
export function caPemOf({
  certificateAuthority,
}: Pick<Kubeconfig, 'certificateAuthority'>): string | undefined {
  if (!certificateAuthority) return undefined;
  return 'pem' in certificateAuthority
    ? certificateAuthority.pem
    : readTextIfThere(certificateAuthority.file);
}

/** The same of a kubeconfig that may not exist. */
export function caPemIn(file: string): string | undefined {
  const text = readTextIfThere(file);
  return text === undefined ? undefined : caPemOf(readKubeconfig(text, dirname(file)));
}
