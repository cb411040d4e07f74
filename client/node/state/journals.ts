/**
 * Folders that each hold a journal: requests and installations. A folder without its journal means nothing: its run was
 * cut off before anything came of it, or while it was taken away.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod/mini';
import { syncFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { CommandError } from '../../errors.ts';
import { readTextIfThere } from '../../read-text.ts';

export class Journals<T> {
  readonly #root: string;
  readonly #name: string;
  readonly #schema: z.ZodMiniType<T>;

  /** @param name of the journal's file, such as `journal.json` */
  constructor(root: string, name: string, schema: z.ZodMiniType<T>) {
    this.#root = root;
    this.#name = name;
    this.#schema = schema;
  }

  folderOf(id: string): string {
    return join(this.#root, id);
  }

  /** All folders, with a journal or without, by name. */
  ids(): string[] {
    try {
      return readdirSync(this.#root).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** undefined where there is none. @throws CommandError for one of another version */
  read(id: string): T | undefined {
    const text = readTextIfThere(this.#fileOf(id));
    if (text === undefined) return undefined;
    const result = this.#schema.safeParse(JSON.parse(text));
    if (result.success) return result.data;
    throw new CommandError('failure', `${this.#fileOf(id)} is not a journal of this version`);
  }

  async write(id: string, journal: T): Promise<void> {
    await writeDurably(this.#fileOf(id), `${JSON.stringify(journal, null, 2)}\n`);
  }

  /** The journal goes first: what is left of a folder that was being removed is none any more. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      rmSync(this.#fileOf(id), { force: true });
      rmSync(this.folderOf(id), { recursive: true, force: true });
    }
    if (ids.length > 0) await syncFolder(this.#root);
  }

  #fileOf(id: string): string {
    return join(this.folderOf(id), this.#name);
  }
}
