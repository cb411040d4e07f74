/** What would be released on this node, and every reason not to do it. Only reads. */

import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSameKey } from '../../../lib/csr/same-key.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { editText, readTextIfThere, textOf } from '../../read-text.ts';
import { caKeyFileOf } from '../disk/ca-keys.ts';
import { publicKeysIn } from '../disk/fingerprints.ts';
import { pemKeysIn } from '../disk/keys-in-bytes.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { editFlags } from '../restart/edit-flags.ts';
import type { HeldContent } from '../restart/held-manifests.ts';
import { manifestsFolder } from '../restart/manifest.ts';
import { findUnhealthy } from '../restart/preconditions.ts';
import {
  isSigningFlag,
  type SigningFlag,
  type SigningFlags,
  signingFlags,
} from '../restart/signing-flags.ts';
import { bundlesOf } from '../trust/read-bundle.ts';
import type { RecordedKey } from './journal.ts';
import type { ReleaseDeps } from './options.ts';
import { findServiceLeaves, type ServiceLeaf } from './service-leaves.ts';

export interface ManifestChange extends HeldContent {
  readonly file: string;
  readonly before: Buffer;
  /** `content` is the new one. */
}

export interface Examination {
  readonly keys: readonly RecordedKey[];
  /** Flags with a value. */
  readonly flags: readonly SigningFlag[];
  /** undefined if there is nothing to change. */
  readonly change: ManifestChange | undefined;
  /** Certificates that show that the service signs with the key of a CA: one for each CA. */
  readonly leaves: readonly ServiceLeaf[];
  readonly refusals: readonly string[];
}

/** @param isResuming kube-controller-manager may just be starting */
export async function examine(deps: ReleaseDeps, isResuming: boolean): Promise<Examination> {
  const { folders } = deps;
  const found = CA_NAMES.flatMap((ca) => readKey(ca, folders));
  const flags = signingFlags(folders);
  const { change, problems } = changeOf(flags);
  const usable = found.flatMap(({ key }) => key ?? []);
  const { leaves, refusals } = usable.length === 0 ? NOTHING : await compare(deps, usable);
  return {
    keys: usable.map(({ recorded }) => recorded),
    flags: flags?.flags ?? [],
    change,
    leaves,
    refusals: [
      ...(flags
        ? []
        : [`${manifestsFolder(folders)} has no kube-controller-manager.yaml: ${NO_POD}`]),
      ...problems,
      ...(isResuming ? [] : await unhealthy(deps, flags)),
      ...found.flatMap(({ problem }) => problem ?? []),
      ...namedElsewhere(usable, flags?.file, folders),
      ...refusals,
    ],
  };
}

const NOTHING = { leaves: [], refusals: [] };
const NO_POD = 'this command works on control planes whose kube-controller-manager is a static pod';

/** It would not be known whether the change breaks it; a missing key may be why it does not start. */
async function unhealthy(deps: ReleaseDeps, flags: SigningFlags | undefined): Promise<string[]> {
  if (!flags || flags.flags.some(({ value }) => !existsSync(value))) return [];
  const found = await findUnhealthy(['kube-controller-manager'], deps);
  return found.map((component) => `${component} is unhealthy before anything is changed`);
}

function changeOf(flags: SigningFlags | undefined): {
  change: ManifestChange | undefined;
  problems: string[];
} {
  if (!flags || flags.flags.length === 0) return { change: undefined, problems: [] };
  const { file } = flags;
  try {
    return { change: emptyFlags(file), problems: [] };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { change: undefined, problems: [`${error.message}; ${error.hint}`] };
  }
}

/** Both flags empty, as kubeadm writes them in external-CA mode, and those for single signers. */
const emptyFlags = (file: string) =>
  changeFlags(file, (name) => (isSigningFlag(name) ? '' : undefined));

/** @throws CommandError if the flags cannot be changed alone */
export function changeFlags(
  file: string,
  newValue: (name: string) => string | undefined,
): ManifestChange {
  const { bytes: before, mode, uid, gid } = readFile(file, { refusesLink: true });
  const content = editText(before, (text) => editFlags(text, file, newValue));
  return { file, before, content, mode: mode & 0o777, uid, gid };
}

interface FoundKey {
  readonly recorded: RecordedKey;
  readonly publicKey: KeyObject;
}

export const digestOfKey = (key: KeyObject) =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex');

function readKey(ca: CaName, folders: NodeFolders): { key?: FoundKey; problem?: string }[] {
  const file = caKeyFileOf(ca, folders);
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isSymbolicLink())
    return [{ problem: `${file}: is a link; put the file itself in its place` }];
  const { bytes, mode, uid, gid } = readFile(file, { refusesLink: true, isSecret: true });
  const { keys, hasMore } = pemKeysIn(bytes);
  bytes.fill(0);
  const [publicKey, ...others] = keys.map((key) => createPublicKey(key));
  if (!publicKey)
    return [{ problem: `${file}: contains no readable private key, so it cannot be compared` }];
  // Kubernetes reads the first; the file is removed with all of them
  if (hasMore || !others.every((other) => isSameKey(other, publicKey)))
    return [
      { problem: `${file}: contains another private key, too; move that one to another file` },
    ];
  const own = { ca, file, publicKey: digestOfKey(publicKey), mode: mode & 0o777, uid, gid };
  return [{ key: { recorded: own, publicKey } }];
}

/** Another component that reads the key would not start again. */
function namedElsewhere(
  keys: readonly FoundKey[],
  edited: string | undefined,
  folders: NodeFolders,
): string[] {
  const folder = manifestsFolder(folders);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  // the kubelet runs no other
  const files = names.map((name) => join(folder, name)).filter(isFile);
  return files.flatMap((file) => {
    const text = file === edited ? leftIn(file) : (readTextIfThere(file) ?? '');
    return keys
      .filter(({ recorded }) => text.includes(recorded.file))
      .map(({ recorded }) => `${file}: names ${recorded.file}, and not as a signing flag`);
  });
}

const isFile = (file: string) => statSync(file, { throwIfNoEntry: false })?.isFile() === true;

function leftIn(file: string): string {
  try {
    return textOf(emptyFlags(file).content);
  } catch {
    return ''; // reported as what cannot be changed
  }
}

/** Compares each key with the CA file of the node, with what the service publishes, and with what it has issued. */
async function compare(deps: ReleaseDeps, keys: readonly FoundKey[]) {
  const exchange = await deps.exchange();
  const issued = await findServiceLeaves(exchange, deps, deps.folders);
  const bundle = bundlesOf(exchange);
  const leaves: ServiceLeaf[] = [];
  const refusals: string[] = [];
  for (const { recorded, publicKey } of keys) {
    const { ca, file } = recorded;
    const caFile = caFileOf(ca, deps.folders);
    if (!holdsKey(readTextIfThere(caFile) ?? '', publicKey)) {
      refusals.push(`${file}: no certificate in ${caFile} has this key`);
      continue;
    }
    const leaf = issued.find((one) => one.leaf.verify(publicKey));
    if (!leaf) {
      refusals.push(
        `${file}: no certificate of this node that ${ca} signed came from the service; cakeless renew all shows that it signs with this key`,
      );
      continue;
    }
    const published = await bundle(leaf.trustDomain, ca);
    if ('problem' in published) refusals.push(`${file}: ${published.problem}`);
    else if (!holdsKey(published.pem, publicKey))
      refusals.push(
        `${file}: is not the key of ${ca} of the trust domain ${leaf.trustDomain}, as the service publishes it`,
      );
    else leaves.push(leaf);
  }
  return { leaves, refusals };
}

const holdsKey = (pem: string, publicKey: KeyObject): boolean =>
  publicKeysIn(pem).some((one) => isSameKey(one, publicKey));
