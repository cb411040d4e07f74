/**
 * Manifests that are temporarily moved away: a static pod stops when its manifest disappears, and starts when it is
 * back.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  finishedFiles,
  makeFolder,
  moveFile,
  writeDurably,
} from '../../../lib/files/durable-file.ts';
import { syncFolder } from '../../../lib/files/sync-folder.ts';
import type { NodeFolders } from '../disk/places.ts';
import { manifestsFolder } from './manifest.ts';

/** A new manifest, with the owner and the mode of the old one. */
export interface HeldContent {
  readonly content: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const heldFolder = (stateDir: string) => join(stateDir, 'held-manifests');
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** If a signal terminates this process, it puts all manifests back first; after a SIGKILL the next run does. */
export class HeldManifests {
  readonly #folder: string;
  /** The most recently moved file first. */
  readonly #files: string[] = [];

  constructor(stateDir: string) {
    this.#folder = heldFolder(stateDir);
  }

  async takeOut(file: string): Promise<void> {
    await makeFolder(this.#folder);
    if (this.#files.length === 0) for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    this.#files.unshift(file);
    moveFile(file, this.#aside(file));
    syncFolder(this.#folder);
  }

  /** The content with which a file that was moved will come back: a reader of its folder sees the old or the new one. */
  async replace(file: string, { content, mode, uid, gid }: HeldContent): Promise<void> {
    await writeDurably(this.#aside(file), content, mode, { uid, gid });
  }

  /** Does nothing if the file was not moved. */
  async putBack(file: string): Promise<void> {
    if (!this.#files.includes(file)) return;
    moveFile(this.#aside(file), file);
    this.#files.splice(this.#files.indexOf(file), 1);
    if (this.#files.length === 0)
      for (const signal of SIGNALS) process.removeListener(signal, this.#onSignal);
    syncFolder(dirname(file));
  }

  async putAllBack(): Promise<void> {
    for (const file of [...this.#files]) await this.putBack(file);
  }

  readonly #onSignal = () => {
    for (const file of this.#files)
      if (existsSync(this.#aside(file))) moveFile(this.#aside(file), file);
    process.exit(1);
  };

  #aside(file: string): string {
    return join(this.#folder, basename(file));
  }
}

/** Manifests that an interrupted run left outside the manifests folder. */
export function heldManifests(stateDir: string): string[] {
  const folder = heldFolder(stateDir);
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.yaml')) : [];
}

/** Puts back the manifests that an interrupted run had moved away. @returns their components */
export async function returnManifests(stateDir: string, folders: NodeFolders): Promise<string[]> {
  const folder = heldFolder(stateDir);
  if (existsSync(folder)) await finishedFiles(folder); // removes what a killed run had half written
  const held = heldManifests(stateDir);
  for (const name of held) {
    const file = join(manifestsFolder(folders), name);
    // a manifest that someone created in the meantime takes precedence
    moveFile(join(folder, name), existsSync(file) ? join(stateDir, `${name}.replaced`) : file);
  }
  if (held.length > 0) syncFolder(manifestsFolder(folders));
  return held.map((name) => name.replace(/\.yaml$/, ''));
}
