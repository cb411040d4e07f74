/** What can still sign in the name of a CA on this node, or beside the service: one sentence for each. */
import { existsSync } from 'node:fs';
import { findCaKeys } from '../disk/ca-keys.ts';
import { findKeyCopies } from '../disk/key-copies.ts';
import type { NodeFolders } from '../disk/places.ts';
import { signingFlags } from './signing-flags.ts';

export interface CaKeyWarning {
  readonly file: string;
  readonly warning: string;
}

/** For a node that is in use; before `kubeadm init` a CA key is an error. */
export function findCaKeyWarnings(folders: NodeFolders): CaKeyWarning[] {
  return [
    ...findCaKeys(folders).map((file) => ({ file, warning: `a CA key is on this node, ${SIGNS}` })),
    ...findKeyCopies(folders).copies.map(({ file, ca }) => ({
      file,
      warning: `a copy of the key of ${ca} is on this node, ${WHO_READS}; remove it`,
    })),
    ...findSigner(folders),
  ];
}

const RELEASE = 'cakeless release-keys ends that, once the service has the key';
const WHO_READS = 'and anyone who reads it can issue certificates that nobody approves or records';
const SIGNS = `${WHO_READS}; ${RELEASE}`;

function findSigner(folders: NodeFolders): CaKeyWarning[] {
  const found = signingFlags(folders);
  if (!found?.signs) return [];
  const { file, flags } = found;
  const missing = flags.find(({ value }) => !existsSync(value));
  const warning = missing
    ? `kube-controller-manager does not start again, because ${missing.value} does not exist (--${missing.name}); cakeless release-keys empties its flags`
    : `kube-controller-manager has a CA key, and issues certificates that nobody approves or records (${flags.map(({ name }) => `--${name}`).join(', ')}); ${RELEASE}`;
  return [{ file, warning }];
}
