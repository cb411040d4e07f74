/**
 * Whose key it is that the keys are sealed to. If it is on this node, the sealed copy is one that this node can open; if
 * it is a CA's, it is removed with the others, or only KMS has it, and nobody can ever open the copy.
 */
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isSameKey } from '../../../lib/csr/same-key.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';
import { publicKeysIn } from '../disk/fingerprints.ts';
import { findFilesWithKey, foldersToSearch } from '../disk/key-copies.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { Recipient } from './seal.ts';

/** Why the keys must not be sealed to this recipient. */
export function recipientRefusals(recipient: Recipient, folders: NodeFolders): string[] {
  const { text, file } = recipient;
  const cas = CA_NAMES.filter((ca) => hasKeyOf(ca, recipient, folders));
  const searched = [...foldersToSearch(folders), ...filesBeside(file)];
  const own = findFilesWithKey(recipient.certificate.publicKey, folders, searched);
  return [
    ...cas.map(
      (ca) =>
        `--seal-to ${file}: ${text} has the key of ${ca}, so nobody could open what is sealed once that is removed`,
    ),
    ...(cas.length === 0 ? own : []).map(
      (key) =>
        `--seal-to ${file}: the private key of ${text} is on this node (${key}); make the recipient away from it, and bring only the certificate`,
    ),
  ];
}

const hasKeyOf = (ca: CaName, { certificate }: Recipient, folders: NodeFolders): boolean =>
  publicKeysIn(readTextIfThere(caFileOf(ca, folders)) ?? '').some((key) =>
    isSameKey(key, certificate.publicKey),
  );

/** Where `openssl req -keyout` leaves a key. Not what is below: the folder may be any. */
const MAX_BESIDE = 200;

function filesBeside(file: string): string[] {
  const folder = dirname(resolve(file));
  if (/^\/(?:dev|dev\/fd|proc\/.*)$/.test(folder)) return []; // a pipe of the user's shell
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .slice(0, MAX_BESIDE)
    .map(({ name }) => join(folder, name));
}
