/** Manifests that are out of the kubelet's sight for a while: a static pod ends when its manifest goes, and comes with it. */
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder, syncFolder } from '../../../lib/files/durable-file.ts';
import type { NodeFolders } from '../disk/places.ts';
import { manifestsFolder } from './manifest.ts';

const heldFolder = (stateDir: string) => join(stateDir, 'held-manifests');
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that ends this process gives all of them back first, a kill leaves that to the next run. */
export class HeldManifests {
  readonly #folder: string;
  /** Files, the last taken out first. */
  readonly #files: string[] = [];

  constructor(stateDir: string) {
    this.#folder = heldFolder(stateDir);
  }

  async takeOut(file: string): Promise<void> {
    await makeFolder(this.#folder);
    if (this.#files.length === 0) for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    this.#files.unshift(file);
    renameSync(file, this.#aside(file));
    await syncFolder(this.#folder);
  }

  /** Does nothing if it is not held. */
  async giveBack(file: string): Promise<void> {
    if (!this.#files.includes(file)) return;
    renameSync(this.#aside(file), file);
    this.#files.splice(this.#files.indexOf(file), 1);
    if (this.#files.length === 0)
      for (const signal of SIGNALS) process.removeListener(signal, this.#onSignal);
    await syncFolder(dirname(file));
  }

  async giveAllBack(): Promise<void> {
    for (const file of [...this.#files]) await this.giveBack(file);
  }

  readonly #onSignal = () => {
    for (const file of this.#files)
      if (existsSync(this.#aside(file))) renameSync(this.#aside(file), file);
    process.exit(1);
  };

  #aside(file: string): string {
    return join(this.#folder, basename(file));
  }
}

/** Files that a run which was cut off has left out of the manifests folder. */
export function heldManifests(stateDir: string): string[] {
  const folder = heldFolder(stateDir);
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Puts manifests back that a killed run had moved away. @returns their components */
export async function returnManifests(stateDir: string, folders: NodeFolders): Promise<string[]> {
  const folder = heldFolder(stateDir);
  const held = heldManifests(stateDir);
  for (const name of held) {
    const place = join(manifestsFolder(folders), name);
    // somebody put another one there in the meantime: that one counts
    renameSync(join(folder, name), existsSync(place) ? join(stateDir, `${name}.replaced`) : place);
  }
  if (held.length > 0) await syncFolder(manifestsFolder(folders));
  return held.map((name) => name.replace(/\.yaml$/, ''));
}
