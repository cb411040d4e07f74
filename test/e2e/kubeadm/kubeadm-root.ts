/** kubeadm in its own root folder (`--rootfs` is a chroot), in which /etc/kubernetes is the real path. */

import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { mustFail, mustRun, type Ran, run } from '../harness/program.ts';
import { kubernetesProgram } from '../harness/programs.ts';

const CONFIG = ['--config', '/config.yaml'];

export class KubeadmRoot {
  readonly folder: string;
  readonly #program: string;

  constructor(folder: string, release: string, config: string) {
    this.folder = folder;
    this.#program = kubernetesProgram(release, 'kubeadm');
    for (const path of ['etc/kubernetes', 'tmp'])
      mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, 'config.yaml'), config);
  }

  /** The same files in another folder. */
  copy(folder: string, release: string): KubeadmRoot {
    const config = readFileSync(join(this.folder, 'config.yaml'), 'utf8');
    const copy = new KubeadmRoot(folder, release, config);
    cpSync(this.kubernetesDir, copy.kubernetesDir, { recursive: true });
    return copy;
  }

  get kubernetesDir(): string {
    return join(this.folder, 'etc/kubernetes');
  }

  get configFile(): string {
    return join(this.folder, 'config.yaml');
  }

  /** A file below /etc/kubernetes. */
  file(path: string): string {
    return join(this.kubernetesDir, path);
  }

  read(path: string): string {
    return readFileSync(this.file(path), 'utf8');
  }

  removeFile(path: string): void {
    rmSync(this.file(path));
  }

  /** With the configuration. @throws Error with kubeadm's output if it fails */
  kubeadm(...args: string[]): Promise<string> {
    return mustRun(this.#command([...args, ...CONFIG]));
  }

  /** @returns the last lines of kubeadm's output @throws Error if it succeeds */
  kubeadmRefuses(...args: string[]): Promise<string> {
    return mustFail(this.#command([...args, ...CONFIG]));
  }

  /** With exactly these arguments. */
  bare(...args: string[]): Promise<Ran> {
    return run(this.#command(args));
  }

  #command(args: readonly string[]): string[] {
    return [this.#program, ...args, '--rootfs', this.folder];
  }

  /** Digest of each file below /etc/kubernetes. */
  digests(): Record<string, string> {
    return Object.fromEntries(
      this.files().map((path) => [
        path,
        createHash('sha256')
          .update(readFileSync(this.file(path)))
          .digest('hex'),
      ]),
    );
  }

  files(): string[] {
    return readdirSync(this.kubernetesDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.kubernetesDir.length + 1))
      .sort();
  }

  /** CA keys below /etc/kubernetes, of which there must be none. */
  caKeys(): string[] {
    return this.files().filter((path) => /(^|\/)(front-proxy-)?ca\.key$/.test(path));
  }

  remove(): void {
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true });
  }
}
