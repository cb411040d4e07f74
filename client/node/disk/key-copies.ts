/**
 * Copies of CA keys that a node still has outside their places: kubeadm's backups, backups made by hand, what cloud-init
 * was given. A file counts by what is in it, whatever its name is. The search is bounded, and says what it has searched:
 * it can find a copy, and cannot prove that there is no other.
 */

import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Dirent, existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isSameKey } from '../../../lib/csr/same-key.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { readTextIfThere } from '../../read-text.ts';
import { caKeyFileOf } from './ca-keys.ts';
import { publicKeysIn } from './fingerprints.ts';
import { privateKeysIn } from './keys-in-bytes.ts';
import { KUBEADM_FOLDERS } from './kubeadm-folders.ts';
import { caFileOf, type NodeFolders } from './places.ts';

export interface KeyCopies {
  /** Files with the private key of a CA whose certificate is on this node. */
  readonly copies: readonly KeyCopy[];
  /** What could contain one and was not read: archives, databases, encrypted keys, folders without permission. */
  readonly unread: readonly { readonly file: string; readonly why: string }[];
  /** The folders that were searched, as far as `isComplete` says. */
  readonly searched: readonly string[];
  /** false if a folder has more files, or deeper ones, than a search reads. */
  readonly isComplete: boolean;
}

export interface KeyCopy {
  readonly file: string;
  readonly ca: CaName;
}

/** Root's home, backups, and what cloud-init was given: Cluster API has it write the CA keys of a control plane. */
const ELSEWHERE = ['/root', '/var/backups', '/var/lib/cloud/instances'];

/**
 * The folders of the node; with kubeadm's own folders also what is next to them, such as /etc/kubernetes.bak, and other
 * places where copies are often kept. With other folders, nothing else belongs to the command (see `resolveSettings`).
 */
export function foldersToSearch({ certDir, kubeconfigDir }: NodeFolders): string[] {
  const own = certDir.startsWith(`${kubeconfigDir}/`) ? [kubeconfigDir] : [kubeconfigDir, certDir];
  const others =
    kubeconfigDir === KUBEADM_FOLDERS.kubeconfigDir
      ? [...siblingsOf(kubeconfigDir), ...ELSEWHERE]
      : [];
  return [...own, ...others].filter((folder) => existsSync(folder));
}

function siblingsOf(folder: string): string[] {
  const start = basename(folder);
  return readdirSync(dirname(folder))
    .filter((name) => name.startsWith(start) && name !== start)
    .map((name) => join(dirname(folder), name));
}

/**
 * For each of the folders. A node's own have some hundred files. A large one, and each key, count like other files, so
 * that at most 125 MiB are read: a search is a part of each renewal.
 */
const MAX_FILES = 5000;
const BYTES_OF_A_FILE = 25 * 1024;
const MAX_DEPTH = 8;
const MAX_UNREAD = 100;
/** A key has at most some kilobytes; cloud-init's user data, in which it may be, some tens. */
const MAX_BYTES = 512 * 1024;

const UNREADABLE = /\.(?:tar|tgz|gz|bz2|xz|zst|zip|7z|gpg|age|p12|pfx|snap|db|sqlite)$/i;
const SEEMS_RELATED = /kube|k8s|pki|etcd|certs?\b/i;

/**
 * Only reads.
 * @param searched folders, and single files, to search
 * @param mostFiles for each of them
 */
export function findKeyCopies(
  folders: NodeFolders,
  searched = foldersToSearch(folders),
  mostFiles = MAX_FILES,
): KeyCopies {
  const wanted = CA_NAMES.flatMap((ca) =>
    publicKeysOf(caFileOf(ca, folders)).map((key) => ({ ca, key })),
  );
  const inPlace = CA_NAMES.map((ca) => realPath(caKeyFileOf(ca, folders)));
  const search = new Search(folders, wanted, inPlace, mostFiles);
  for (const folder of searched) search.visit(folder);
  const { found, ...rest } = search.result();
  return { copies: found.map(({ file, what }) => ({ file, ca: what.ca })), ...rest, searched };
}

/** Files, in the same places, that have the private key of this public key. Bounded as `findKeyCopies`. Only reads. */
export function findFilesWithKey(
  key: KeyObject,
  folders: NodeFolders,
  searched = foldersToSearch(folders),
): string[] {
  const search = new Search(folders, [{ key }], [], MAX_FILES);
  for (const folder of searched) search.visit(folder);
  return search.result().found.map(({ file }) => file);
}

interface Wanted {
  /** A public key. */
  readonly key: KeyObject;
}

class Search<What extends Wanted> {
  readonly #wanted: readonly What[];
  /** What need not be found, and everything that was visited. */
  readonly #known: Set<string>;
  readonly #own: readonly string[];
  readonly #found: { file: string; what: What }[] = [];
  readonly #unread: { file: string; why: string }[] = [];
  readonly #mostFiles: number;
  #isComplete = true;
  #left = 0;

  constructor(
    folders: NodeFolders,
    wanted: readonly What[],
    known: readonly string[],
    mostFiles: number,
  ) {
    this.#mostFiles = mostFiles;
    this.#wanted = wanted;
    this.#known = new Set(known);
    this.#own = [folders.kubeconfigDir, folders.certDir];
  }

  visit(root: string): void {
    this.#left = this.#mostFiles;
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory()) this.#folder(root, 0);
    else this.#file(root);
  }

  result() {
    const found = [...this.#found].sort(byFile);
    return { found, unread: [...this.#unread].sort(byFile), isComplete: this.#isComplete };
  }

  /** Links to folders are not followed: they may lead anywhere, and in circles. */
  #folder(folder: string, depth: number): void {
    if (depth > MAX_DEPTH) {
      this.#isComplete = false;
      return;
    }
    for (const entry of this.#entries(folder)) {
      if (this.#left <= 0) {
        this.#isComplete = false;
        return;
      }
      this.#left -= 1;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) this.#folder(path, depth + 1);
      else if (entry.isFile()) this.#file(path);
    }
  }

  #entries(folder: string): Dirent[] {
    try {
      return readdirSync(folder, { withFileTypes: true });
    } catch (error) {
      this.#skip(folder, reasonOf(error));
      return [];
    }
  }

  #file(file: string): void {
    const path = realPath(file);
    if (this.#known.has(path)) return;
    this.#known.add(path); // a file of two folders counts once
    try {
      this.#examine(file);
    } catch (error) {
      if (this.#isRelated(file)) this.#skip(file, reasonOf(error));
    }
  }

  #examine(file: string): void {
    if (UNREADABLE.test(file)) {
      if (this.#isRelated(file)) this.#skip(file, 'an archive, a database or an encrypted file');
      return;
    }
    const { bytes } = readFile(file, { maxBytes: MAX_BYTES, isSecret: true });
    const { keys, hasMore, hasEncrypted } = privateKeysIn(bytes);
    bytes.fill(0); // as far as a process can, it forgets the keys
    this.#left -= Math.floor(bytes.length / BYTES_OF_A_FILE) + keys.length;
    if (hasMore) this.#skip(file, 'it contains more private keys than are looked at');
    if (hasEncrypted) this.#skip(file, 'it contains an encrypted private key');
    const found = new Set(keys.flatMap((key) => this.#matches(key)));
    for (const what of found) this.#found.push({ file, what });
  }

  #matches(privateKey: KeyObject): What[] {
    const publicKey = createPublicKey(privateKey);
    return this.#wanted.filter(({ key }) => isSameKey(key, publicKey));
  }

  #isRelated(file: string): boolean {
    return this.#own.some((own) => file.startsWith(`${own}/`)) || SEEMS_RELATED.test(file);
  }

  #skip(file: string, why: string): void {
    if (this.#unread.length < MAX_UNREAD) this.#unread.push({ file, why });
    else this.#isComplete = false;
  }
}

const byFile = (a: { readonly file: string }, b: { readonly file: string }) =>
  a.file < b.file ? -1 : 1;

/** A CA file that cannot be read is reported by others; then its key is not recognized. */
function publicKeysOf(file: string): KeyObject[] {
  try {
    return publicKeysIn(readTextIfThere(file) ?? '');
  } catch {
    return [];
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** Without the path, which is next to it. */
function reasonOf(error: unknown): string {
  const { code, problem, message } = error as NodeJS.ErrnoException & { problem?: string };
  return problem ?? (code === undefined ? message : `not readable (${code})`);
}
