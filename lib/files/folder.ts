/**
 * A folder in which files are written, replaced and removed. Every name is one component, and no call follows a link at
 * its end, so nothing outside the folder can be reached. The folder itself is reached in one of two ways:
 *
 * - Nobody but root (or the user of this process) can change a folder on its path: then its path is safe to use.
 * - Others own it or a folder above it, as etcd may own `pki/etcd`: then it is opened step by step without following
 *   links, and used through its handle (`/proc/self/fd/N/NAME` is openat(2)). Its owner decides what is in it, but
 *   cannot redirect a write to another place.
 */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { mkdir, open, rename, rmdir, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenPart } from './open-to-others.ts';
import { syncFolderAsync } from './sync-folder.ts';
import { findFolderOfOthers, othersCanChange, UnsafePathError } from './trust.ts';

/** Whose folders may be used: `trusted` means those of root and of the user of this process. */
export type FolderOwner = 'trusted' | 'any';

export type Content = string | Uint8Array | readonly (string | Uint8Array)[];

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const TEMPORARY = '.tmp';
let temporaryFiles = 0;

export class Folder {
  /** As given, for messages. */
  readonly path: string;
  /** What is passed to the system: the path, or the handle. */
  readonly #base: string;
  readonly #handle: number | undefined;
  /** Whether changes also survive a power failure. */
  readonly #isDurable: boolean;
  /** Whether `together` will sync the folder. */
  #syncsLater = false;

  private constructor(path: string, handle?: number, isDurable = true) {
    this.path = path;
    this.#handle = handle;
    this.#isDurable = isDurable;
    this.#base = handle === undefined ? path : ofHandle(handle);
  }

  /**
   * Close it after use, or use `inFolder`.
   * @param isDurable false: changes survive a kill of this process, but not a power failure
   * @throws UnsafePathError if it, or a folder above it, has another owner
   */
  static open(path: string, owner: FolderOwner, isDurable = true): Folder {
    const part = findFolderOfOthers(path);
    if (!part) return new Folder(path, undefined, isDurable);
    if (owner === 'trusted') throw new UnsafePathError(path, othersCanChange(part));
    return new Folder(path, openWithoutLinks(path, part), isDurable);
  }

  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
  }

  /** Whether others can replace what is in it at any time. */
  get isOfOthers(): boolean {
    return this.#handle !== undefined;
  }

  /**
   * Writes a whole file so that a reader, or a process started after a crash, finds either the new file or the old one.
   * On return it survives a power failure: the content is synced before the rename, the folder after it (rename(2) and
   * fsync(2): syncing a file does not sync its entry in the folder).
   * @param owner is set, with exactly this mode independent of the umask, before the file gets its name
   */
  async write(name: string, content: Content, mode: number, owner?: Owner): Promise<void> {
    temporaryFiles += 1;
    const temporary = this.#at(`${name}.${process.pid}-${temporaryFiles}${TEMPORARY}`);
    await this.#explain(async () => {
      try {
        await writeNew(temporary, content, mode, owner, this.#isDurable);
        await rename(temporary, this.#at(name));
      } catch (cause) {
        await unlink(temporary).catch(() => undefined);
        throw cause;
      }
      await this.#sync();
    });
  }

  /**
   * Makes changes to this folder in parallel, and syncs it once, after the last of them. On return, all of them survive a
   * power failure. Before that, any of them may be lost, so none may depend on another. Syncs even if there is nothing
   * to change: a killed process may have made the same changes without a sync.
   * @throws the first error, after all changes have finished
   */
  async together(changes: readonly (() => Promise<unknown>)[]): Promise<void> {
    this.#syncsLater = true;
    const results = await Promise.allSettled(changes.map((change) => change()));
    this.#syncsLater = false;
    await this.#explain(() => this.#sync());
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #sync(): Promise<void> {
    if (this.#isDurable && !this.#syncsLater) await syncFolderAsync(this.#base);
  }

  /** Removes a file or link durably. A missing one is not an error. */
  async remove(name: string): Promise<void> {
    await this.#explain(async () => {
      await removeIfThere(this.#at(name));
      await this.#sync();
    });
  }

  /** Creates or redirects a link with one rename. */
  async link(name: string, target: string): Promise<void> {
    await this.#explain(async () => {
      const temporary = this.#at(`${name}${LINK}`);
      await removeIfThere(temporary);
      await symlink(target, temporary);
      await rename(temporary, this.#at(name));
      await this.#sync();
    });
  }

  /** The target of a link; undefined if there is no link of that name. */
  linkTarget(name: string): string | undefined {
    return this.stat(name)?.isSymbolicLink() ? readlinkSync(this.#at(name)) : undefined;
  }

  /** Of a link, not of its target; undefined if there is no such name. */
  stat(name: string): Stats | undefined {
    return lstatSync(this.#at(name), { throwIfNoEntry: false });
  }

  /** Removes partial files and links, which may contain keys, that a killed writer of a file left. */
  async sweep(name: string): Promise<void> {
    const partial = (other: string) => /^\d+-\d+\.tmp$/.test(other.slice(`${name}.`.length));
    const left = readdirSync(this.#base).filter(
      (other) => (other.startsWith(`${name}.`) && partial(other)) || other === `${name}${LINK}`,
    );
    for (const other of left) await this.remove(other);
  }

  /**
   * A folder inside this one that belongs to this process alone; created if it does not exist. Others may look up names
   * in it, as far as the folder around it lets them.
   * @throws UnsafePathError if something else has this name
   */
  ownFolder(name: string): Promise<Folder> {
    return this.#explain(() => this.#ownFolder(name));
  }

  async #ownFolder(name: string): Promise<Folder> {
    const path = join(this.path, name);
    try {
      await mkdir(this.#at(name), OTHERS_MAY_ENTER);
      await this.#sync();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const handle = openFolder(this.#at(name), path);
    try {
      if (!isOwn(fstatSync(handle)))
        throw new UnsafePathError(path, 'exists, but Cakeless did not create it: move it away');
      fchmodSync(handle, OTHERS_MAY_ENTER); // independent of the umask
    } catch (error) {
      closeSync(handle);
      throw error;
    }
    if (this.#handle !== undefined) return new Folder(path, handle);
    closeSync(handle); // nobody can replace it
    return new Folder(path);
  }

  hasOwnFolder(name: string): boolean {
    const stats = this.stat(name);
    return stats?.isDirectory() === true && isOwn(stats);
  }

  /** Removes a folder of `ownFolder` with the files in it. */
  async removeOwnFolder(name: string): Promise<void> {
    const inner = await this.ownFolder(name);
    try {
      for (const file of readdirSync(inner.#base)) await unlink(inner.#at(file));
    } finally {
      inner.close();
    }
    await this.#explain(async () => {
      await rmdir(this.#at(name));
      await this.#sync();
    });
  }

  #at(name: string): string {
    if (name === '' || name === '.' || name === '..' || name.includes('/'))
      throw new Error(`${JSON.stringify(name)}: not a name in ${this.path}`);
    return join(this.#base, name);
  }

  /** Errors name the path instead of the handle. */
  async #explain<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const failed = error as Error;
      failed.message = failed.message.replaceAll(this.#base, this.path);
      throw failed;
    }
  }
}

/** Opens a folder for the time of an action. */
export async function inFolder<T>(
  path: string,
  owner: FolderOwner,
  action: (folder: Folder) => Promise<T> | T,
): Promise<T> {
  const folder = Folder.open(path, owner);
  try {
    return await action(folder);
  } finally {
    folder.close();
  }
}

const isOwn = ({ uid, mode }: Stats) => uid === process.geteuid?.() && (mode & 0o022) === 0;

const LINK = '.cakeless-link';
const OTHERS_MAY_ENTER = 0o711;

const ofHandle = (handle: number) => `/proc/self/fd/${handle}`;

/** @param part the first folder of others on the path; nobody can redirect the path to it */
function openWithoutLinks(path: string, part: OpenPart): number {
  if (!existsSync('/proc/self/fd'))
    throw new UnsafePathError(path, `${othersCanChange(part)}, and /proc is not mounted`);
  let handle = openFolder(part.path, path);
  for (const name of part.rest) {
    const outer = handle;
    try {
      handle = openFolder(join(ofHandle(outer), name), path);
    } finally {
      closeSync(outer);
    }
  }
  return handle;
}

function openFolder(at: string, path: string): number {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    return openSync(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ELOOP' && code !== 'ENOTDIR') throw error;
    throw new UnsafePathError(path, 'a link or a file of another user is on the path');
  }
}

async function writeNew(
  path: string,
  content: Content,
  mode: number,
  owner: Owner | undefined,
  isDurable: boolean,
): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    const isOne = typeof content === 'string' || content instanceof Uint8Array;
    for (const part of isOne ? [content] : content) await file.writeFile(part);
    if (owner) {
      await file.chown(owner.uid, owner.gid);
      await file.chmod(mode);
    }
    if (isDurable) await file.sync();
  } finally {
    await file.close();
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
