/**
 * Watches the file system with the /etc/kubernetes of all machines for every file that is created, linked or moved there
 * (test/tools/watch-names), and counts the names that kubeadm gives to CA keys.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hopeless, until } from '../../support/until.ts';
import { Component } from '../control-plane/component.ts';
import { ownProgram } from '../harness/programs.ts';

const CA_KEYS = ['ca.key', 'front-proxy-ca.key'];

export class CaKeyWatch {
  readonly #watch: Component;
  readonly #folder: string;

  private constructor(watch: Component, folder: string) {
    this.#watch = watch;
    this.#folder = folder;
  }

  /** @param folder of the file system */
  static async start(folder: string, logFile: string): Promise<CaKeyWatch> {
    const watch = new Component([ownProgram('watch-names'), folder], logFile);
    const self = new CaKeyWatch(watch, folder);
    await until('the watch', async () => self.#names());
    return self;
  }

  /** Creates a file of each name deep in a new folder, and removes it at once. @returns how many of them it saw */
  async selfTest(): Promise<string> {
    const before = this.caKeys();
    const folder = join(this.#folder, 'self-test', 'pki', 'etcd');
    for (const name of CA_KEYS) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, name), '');
      rmSync(join(this.#folder, 'self-test'), { recursive: true });
    }
    const wanted = before + CA_KEYS.length;
    await until(
      'the names of its self-test',
      async () => this.caKeys() === wanted || undefined,
      5000,
    );
    return `${CA_KEYS.length} of ${CA_KEYS.length}`;
  }

  /** How many were created so far. @throws Error if the watch has ended */
  caKeys(): number {
    return this.#names().filter((name) => CA_KEYS.includes(name)).length;
  }

  /** The number of files and folders that it has seen. */
  get seen(): number {
    return this.#names().length;
  }

  #names(): string[] {
    if (!this.#watch.running) throw new Hopeless(`the watch exited: ${this.#watch.log()}`);
    const [first, ...names] = this.#watch.log().trimEnd().split('\n');
    if (first !== 'watching') throw new Error('not watching yet');
    return names;
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }
}
