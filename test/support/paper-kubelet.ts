/**
 * A kubelet and a kube-controller-manager that exist only in files: whenever a program sleeps, the kubelet looks at the
 * manifest, and starts or stops a process in a folder like /proc. Its health endpoint is real.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Clock } from '../../client/clock.ts';
import { readTextIfThere } from '../../client/read-text.ts';

export class PaperKubelet implements Clock {
  readonly proc: string;
  /** The words of each process that was started, in order. */
  readonly started: string[][] = [];
  /** Whether a process with these words is healthy. */
  isHealthy: (words: readonly string[]) => boolean = () => true;
  /** Called at each sleep, before the kubelet looks. */
  onSleep: () => void = () => {};
  readonly #manifest: string;
  readonly #server: Server;
  #ms = 0;
  #running: { pid: number; words: string[]; text: string } | undefined;

  /** @param folder the node's /etc/kubernetes, with certificates */
  constructor(folder: string, proc: string) {
    this.proc = proc;
    this.#manifest = join(folder, 'manifests', 'kube-controller-manager.yaml');
    mkdirSync(join(proc, '1'), { recursive: true });
    writeFileSync(join(proc, '1', 'cmdline'), 'init\0');
    const stem = join(folder, 'pki', 'apiserver');
    const [cert, key] = [`${stem}.crt`, `${stem}.key`].map((file) => readFileSync(file));
    this.#server = createServer({ cert, key }, (_, response) => {
      const isUp = this.#running !== undefined && this.isHealthy(this.#running.words);
      response.writeHead(isUp ? 200 : 500).end();
    });
  }

  /** @param port as an earlier process had it @returns the port of the health endpoint */
  async listen(port = 0): Promise<number> {
    await new Promise<void>((done) => this.#server.listen(port, '127.0.0.1', done));
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  now = () => new Date(Date.now() + this.#ms);
  monotonic = () => this.#ms;
  sleep = async (milliseconds: number) => {
    this.#ms += milliseconds;
    this.onSleep();
    this.look();
  };

  get words(): readonly string[] | undefined {
    return this.#running?.words;
  }

  look(): void {
    const text = readTextIfThere(this.#manifest);
    if (this.#running && this.#running.text !== text) {
      rmSync(join(this.proc, String(this.#running.pid)), { recursive: true });
      this.#running = undefined;
    }
    if (text !== undefined && !this.#running) this.#start(text);
  }

  #start(text: string): void {
    const words = parse(text).spec.containers[0].command as string[];
    const pid = 100 + this.started.length;
    this.#running = { pid, words, text };
    this.started.push(words);
    const folder = join(this.proc, String(pid));
    mkdirSync(folder);
    writeFileSync(join(folder, 'cmdline'), [...words, ''].join('\0'));
    const fields = ['S', ...Array.from({ length: 18 }, () => '1'), String(pid), '0'];
    writeFileSync(join(folder, 'stat'), `${pid} (kube-controller) ${fields.join(' ')}\n`);
    writeFileSync(join(folder, 'status'), 'Uid:\t0\t0\t0\t0\n');
  }
}
