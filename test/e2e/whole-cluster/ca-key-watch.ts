/**
 * Sees every file that is ever made in, linked to or moved into the file system that all machines have their
 * /etc/kubernetes in (test/tools/watch-names), and keeps the names that kubeadm gives to CA keys.
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

  /** Makes one of each at a depth of its own in a new folder, and takes it away at once. @returns how many it saw */
  async seesThem(): Promise<string> {
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

  /** How many were made so far. @throws Error if the watch is over */
  caKeys(): number {
    return this.#names().filter((name) => CA_KEYS.includes(name)).length;
  }

  /** How many files and folders it has seen. */
  get seen(): number {
    return this.#names().length;
  }

  #names(): string[] {
    if (!this.#watch.running) throw new Hopeless(`the watch ended: ${this.#watch.log()}`);
    const [first, ...names] = this.#watch.log().trimEnd().split('\n');
    if (first !== 'watching') throw new Error('not yet');
    return names;
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }
}
