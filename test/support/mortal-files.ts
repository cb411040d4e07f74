/**
 * A process that dies at one of its calls that change a file, played inside this one: neither that call nor a later one
 * has an effect, except that a write is cut in the middle. `kill-shim.cjs` kills real processes, which take a second each.
 */
import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';

const CHANGING = ['rename', 'unlink', 'mkdir', 'rmdir', 'symlink', 'chmod', 'link', 'rm'] as const;
const OF_HANDLES = ['writeFile', 'chmod', 'chown', 'sync'] as const;

type Call = (...args: unknown[]) => unknown;
type Calls = Record<string, Call>;

export class MortalFiles {
  /** How many calls the process has made, or tried to make. */
  calls = 0;
  readonly #root: string;
  readonly #diesAt: number;
  readonly #originals: (() => void)[] = [];

  /**
   * Begins at once.
   * @param root calls below this folder count
   * @param diesAt number of the call at which it dies; 1 is the first
   */
  constructor(root: string, diesAt = Number.POSITIVE_INFINITY) {
    this.#root = root;
    this.#diesAt = diesAt;
    for (const name of CHANGING) {
      this.#replace(fs.promises, name, (original) => async (...args) => {
        this.#count(args);
        return original(...args);
      });
      this.#replace(fs, `${name}Sync`, (original) => (...args) => {
        this.#count(args);
        return original(...args);
      });
    }
    this.#replace(fs.promises, 'open', (original) => async (path, flags = 'r', ...rest) => {
      if (flags === 'r') return original(path, flags, ...rest);
      this.#count([path]);
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
          this.#count([path]);
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
  #count(paths: readonly unknown[]): void {
    const isOurs = (path: unknown) =>
      typeof path === 'string' && resolve(path).startsWith(this.#root);
    if (!paths.slice(0, 2).some(isOurs)) return;
    this.calls += 1;
    this.requireLife();
  }
}

const firstHalf = (content: unknown): unknown => {
  const { length } = content as string | Uint8Array;
  return (content as string | Uint8Array).slice(0, length / 2);
};
