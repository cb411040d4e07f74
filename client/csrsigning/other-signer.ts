/**
 * Whether the kube-controller-manager of this node signs CertificateSigningRequests, too: its csrsigning controller runs
 * if it has a CA key (cmd/kube-controller-manager/app/certificates.go). kubeadm leaves the flags empty without a CA key.
 */

import { createPublicKey } from 'node:crypto';
import { isSameKey } from '../../lib/csr/same-key.ts';
import { CommandError } from '../errors.ts';
import { publicKeysIn } from '../node/disk/fingerprints.ts';
import { pemKeysIn } from '../node/disk/keys-in-bytes.ts';
import { caFileOf, type NodeFolders } from '../node/disk/places.ts';
import { type SigningFlags, signingFlags } from '../node/restart/signing-flags.ts';
import { readBytesIfThere, readTextIfThere } from '../read-text.ts';

export type OtherSigner =
  | { readonly kind: 'none' }
  /** With the key of the trust domain, as in a cluster that is being adopted: what is written first stays. */
  | { readonly kind: 'same-key'; readonly keyFile: string }
  /** With a key that is not the trust domain's, or one that cannot be compared. */
  | { readonly kind: 'other-key'; readonly keyFile: string; readonly why: string };

export function findOtherSigner(folders: NodeFolders): OtherSigner {
  const found = signingFlags(folders);
  if (!found?.signs) return { kind: 'none' };
  const signers = keyFilesOf(found).map((keyFile) => compare(keyFile, folders));
  const of = (kind: OtherSigner['kind']) => signers.find((signer) => signer.kind === kind);
  return of('other-key') ?? of('same-key') ?? { kind: 'none' };
}

const keyFilesOf = ({ flags }: SigningFlags): string[] => [
  ...new Set(flags.flatMap(({ name, value }) => (name.endsWith('key-file') ? [value] : []))),
];

/** A key file that does not exist makes the signer fail to start, as in external-CA mode of other installers. */
function compare(keyFile: string, folders: NodeFolders): OtherSigner {
  const bytes = readBytesIfThere(keyFile, { isSecret: true });
  if (bytes === undefined) return { kind: 'none' };
  const [key] = pemKeysIn(bytes).keys;
  bytes.fill(0);
  if (!key)
    return { kind: 'other-key', keyFile, why: 'it cannot be read, so it cannot be compared' };
  const publicKey = createPublicKey(key);
  const files = [caFileOf('ca', folders), caFileOf('kubelet-ca', folders)];
  const isOurs = files.some((file) =>
    publicKeysIn(readTextIfThere(file) ?? '').some((one) => isSameKey(one, publicKey)),
  );
  if (isOurs) return { kind: 'same-key', keyFile };
  return { kind: 'other-key', keyFile, why: `no certificate in ${caFileOf('ca', folders)} has it` };
}

/**
 * Called before the forwarder starts.
 * @returns what to log; undefined if no other signer runs
 * @throws CommandError beside a signer with another key: kubelets would get certificates of either
 */
export function refuseOtherSigner(folders: NodeFolders): string | undefined {
  const found = findOtherSigner(folders);
  if (found.kind === 'none') return undefined;
  if (found.kind === 'same-key') return describeSameKey(found.keyFile);
  throw new CommandError(
    'usage',
    `${found.keyFile}: kube-controller-manager of this node signs with this key, and ${found.why}`,
    HOW_TO_STOP_IT,
  );
}

export const describeSameKey = (keyFile: string) =>
  `kube-controller-manager of this node signs, too, with the key of this trust domain (${keyFile}): the certificate that is written first stays. cakeless release-keys ends that once the cluster is adopted`;

export const HOW_TO_STOP_IT =
  'set --cluster-signing-cert-file and --cluster-signing-key-file to empty in its manifest on every control plane (controllerManager.extraArgs of the ClusterConfiguration), then start again';
