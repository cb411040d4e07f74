/**
 * The files of chains (pki/ca-chain.crt …), and the one flag that may name one. Whatever else trusts such a file accepts
 * every certificate below the root.
 */
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { caChainFileOf, type NodeFolders } from './places.ts';
import { resolvedPath } from './resolved-path.ts';

/** kube-controller-manager's flag for what it publishes to pods; kubeadm sets it to pki/ca.crt. */
export const ROOT_CA_FILE = 'root-ca-file';

export const isChainFile = (file: string, folders: Pick<NodeFolders, 'certDir'>): boolean =>
  CA_NAMES.some((ca) => resolvedPath(caChainFileOf(ca, folders)) === resolvedPath(file));

/** @param value of a flag of a component */
export const isChainMisused = (
  component: string,
  flag: string,
  value: string,
  folders: Pick<NodeFolders, 'certDir'>,
): boolean =>
  value.startsWith('/') &&
  !(component === 'kube-controller-manager' && flag === ROOT_CA_FILE) &&
  isChainFile(value, folders);

export const describeMisuse = (flag: string, value: string): string =>
  `--${flag} names ${value}, which contains the root above the CA: every certificate below it would be trusted; name the CA file`;
