/** Keeps credentials, and rereads them when a file of theirs changes: certificates and tokens are replaced. */
import { createHash } from 'node:crypto';
import { statIfThere } from '../node/disk/file-change.ts';
import type { Credentials } from './credentials.ts';

export class CredentialStore {
  readonly #read: () => Credentials;
  #current: Credentials;
  #digest: string;
  #stamp: string;

  /** @param read throws if the credentials cannot be used */
  constructor(read: () => Credentials) {
    this.#read = read;
    this.#current = read();
    this.#digest = digestOf(this.#current);
    this.#stamp = stampOf(this.#current.files);
  }

  /** The same object until the credentials change. */
  current(): Credentials {
    if (stampOf(this.#current.files) !== this.#stamp) this.reread();
    return this.#current;
  }

  /**
   * Files that are being replaced may be missing or not fit together for a moment: then the old credentials stay, and
   * the next call reads them again.
   * @returns whether they have changed
   */
  reread(): boolean {
    let read: Credentials;
    const stamp = stampOf(this.#current.files);
    try {
      read = this.#read();
    } catch {
      return false;
    }
    // from before reading: a change in the meantime is noticed by the next call
    this.#stamp = sameFiles(read, this.#current) ? stamp : '';
    const digest = digestOf(read);
    if (digest === this.#digest) return false;
    this.#current = read;
    this.#digest = digest;
    return true;
  }
}

const sameFiles = (a: Credentials, b: Credentials) => a.files.join('\n') === b.files.join('\n');

/** Of the files behind all links; reading them changes nothing in it. */
function stampOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statIfThere(file);
      return stats ? [stats.dev, stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join() : '';
    })
    .join(';');
}

function digestOf({ server, ca, serverName, certificate, token }: Credentials): string {
  const parts = [server.href, ca, serverName, certificate?.cert, certificate?.key, token];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
