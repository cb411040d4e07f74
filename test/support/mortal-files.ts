/**
 * A process that dies at one of its calls that change a file, played inside this one: neither that call nor a later one
 * has an effect, except that a write is cut in the middle. `kill-shim.cjs` kills real processes, which take a second each.
 * It can also have a disk that is full, or read-only, from that call on.
 */
import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';

const CHANGING = ['rename', 'unlink', 'mkdir', 'rmdir', 'symlink', 'chmod', 'link', 'rm'] as const;
const OF_HANDLES = ['writeFile', 'chmod', 'chown', 'sync'] as const;

/** What fails on a disk with this error. A full one still moves and removes files. */
const NOT_DONE: Readonly<Record<DiskError, readonly string[]>> = {
  ENOSPC: ['open', 'mkdir', 'symlink', 'link', 'writeFile', 'sync'],
  EDQUOT: ['open', 'mkdir', 'symlink', 'link', 'writeFile', 'sync'],
  EROFS: ['open', ...CHANGING, 'writeFile'],
};

export type DiskError = 'ENOSPC' | 'EDQUOT' | 'EROFS';

type Call = (...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

export class MortalFiles {
  /** How many calls the process has made, or tried to make. */
  calls = 0;
  readonly #root: string;
  readonly #diesAt: number;
  readonly #error: DiskError | undefined;
  readonly #originals: (() => void)[] = [];

  /**
   * Begins at once.
   * @param root calls below this folder count
   * @param diesAt number of the call at which it dies; 1 is the first
   * @param error it lives, and its disk has this error from that call on
   */
  constructor(root: string, diesAt = Number.POSITIVE_INFINITY, error?: DiskError) {
    this.#root = root;
    this.#diesAt = diesAt;
    this.#error = error;
    for (const name of CHANGING) {
      this.#replace(fs.promises, name, (original) => async (...args) => {
        this.#count(name, args);
        return original(...args);
      });
      this.#replace(fs, `${name}Sync`, (original) => (...args) => {
        this.#count(name, args);
        return original(...args);
      });
    }
    this.#replace(fs.promises, 'open', (original) => async (path, flags = 'r', ...rest) => {
      if (flags === 'r') return original(path, flags, ...rest);
      this.#count('open', [path]);
      return this.#handle((await original(path, flags, ...rest)) as FileHandle, path);
    });
  }

  get isDead(): boolean {
    return this.calls >= this.#diesAt;
  }

  /** For what is no file: a dead process calls nobody. */
  requireLife(): void {
    if (this.isDead) throw new Error('killed');
  }

  end(): void {
    for (const restore of this.#originals.splice(0)) restore();
  }

  #replace(of: object, name: string, wrap: (original: Call) => Call): void {
    const calls = of as Calls;
    const original = calls[name] as Call;
    calls[name] = wrap(original.bind(of));
    this.#originals.push(() => {
      calls[name] = original;
    });
  }

  #handle(file: FileHandle, path: unknown): FileHandle {
    for (const name of OF_HANDLES) {
      const original = (file[name] as Call).bind(file);
      (file as unknown as Calls)[name] = async (...args) => {
        const lived = !this.isDead;
        try {
          this.#count(name, [path]);
        } catch (error) {
          if (lived && name === 'writeFile') await original(firstHalf(args[0]));
          throw error;
        }
        return original(...args);
      };
    }
    return file;
  }

  /** Of `rename`, either path may be below the folder. */
  #count(name: string, paths: readonly unknown[]): void {
    const isOurs = (path: unknown) =>
      typeof path === 'string' && resolve(path).startsWith(this.#root);
    if (!paths.slice(0, 2).some(isOurs)) return;
    this.calls += 1;
    if (this.#error === undefined) this.requireLife();
    else if (this.isDead && NOT_DONE[this.#error].includes(name)) this.#fail(name, paths[0]);
  }

  #fail(name: string, path: unknown): never {
    throw Object.assign(new Error(`${this.#error}: ${name} '${path}'`), { code: this.#error });
  }
}

const firstHalf = (content: unknown): unknown => {
  const { length } = content as string | Uint8Array;
  return (content as string | Uint8Array).slice(0, length / 2);
};
