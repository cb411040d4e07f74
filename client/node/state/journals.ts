/**
 * Folders that each contain a journal: requests and installations. A folder without a journal has no effect: its run
 * was interrupted before it changed anything, or while it removed the folder.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod/mini';
import { removeDurably, removeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { syncFolder } from '../../../lib/files/sync-folder.ts';
import { CommandError } from '../../errors.ts';
import { readTextIfThere } from '../../read-text.ts';

export class Journals<T> {
  readonly #root: string;
  readonly #name: string;
  readonly #schema: z.ZodMiniType<T>;

  /** @param name file name of the journal, such as `journal.json` */
  constructor(root: string, name: string, schema: z.ZodMiniType<T>) {
    this.#root = root;
    this.#name = name;
    this.#schema = schema;
  }

  folderOf(id: string): string {
    return join(this.#root, id);
  }

  /** The names of all folders, with or without a journal, in order. */
  ids(): string[] {
    try {
      return readdirSync(this.#root).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  /** All folders that have a journal, in the order of their names. */
  entries(): { readonly folder: string; readonly journal: T }[] {
    return this.ids().flatMap((id) => {
      const journal = this.read(id);
      return journal ? [{ folder: this.folderOf(id), journal }] : [];
    });
  }

  /** undefined if the folder has no journal. @throws CommandError for one of another version, or that cannot be read */
  read(id: string): T | undefined {
    const text = readTextIfThere(this.#fileOf(id));
    if (text === undefined) return undefined;
    const result = this.#schema.safeParse(parse(text));
    if (result.success) return result.data;
    throw new CommandError(
      'failure',
      `${this.#fileOf(id)}: not a journal of this version of cakeless`,
      `restore it from a backup, or move ${this.folderOf(id)} away: what it is about can then be neither resumed nor rolled back`,
    );
  }

  async write(id: string, journal: T): Promise<void> {
    await writeDurably(this.#fileOf(id), `${JSON.stringify(journal, null, 2)}\n`);
  }

  /** Removes the journal first: a half-removed folder no longer counts. */
  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      if (existsSync(this.#fileOf(id))) await removeDurably(this.#fileOf(id));
      removeFolder(this.folderOf(id));
    }
    if (ids.length > 0) syncFolder(this.#root);
  }

  #fileOf(id: string): string {
    return join(this.folderOf(id), this.#name);
  }
}

/** undefined if it was cut: journals are written durably, but a backup may have been taken while one was copied. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
