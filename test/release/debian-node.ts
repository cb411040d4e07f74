/** A node on an empty Debian with a real systemd, and the service that it renews with. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { approveRequest } from '../support/approve-command.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import { Machine } from '../support/machine/machine.ts';
import { NodeFixture } from '../support/node-folder.ts';
import { mustCakeless } from '../support/running-service-command.ts';
import { LIST_FILES, listed } from './file-list.ts';

const EXAMPLES = '/usr/share/doc/cakeless/examples';

export class DebianNode {
  readonly machine: Machine;
  readonly #fixture: NodeFixture;

  private constructor(machine: Machine, fixture: NodeFixture) {
    this.machine = machine;
    this.#fixture = fixture;
  }

  /** @param packages are in /mnt on the node. @param folder a new one, for what the node changes */
  static async boot(
    base: string,
    folder: string,
    packages: readonly string[],
  ): Promise<DebianNode> {
    const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
    const fixture = await NodeFixture.empty(set);
    await fixture.changeRecord({ csrSigning: { kubeletClient: {} } });
    const kubernetes = join(folder, 'shared/etc-kubernetes');
    mkdirSync(kubernetes, { recursive: true });
    for (const file of packages)
      execFileSync('cp', ['--reflink=auto', file, join(folder, 'shared')]);
    writeFileSync(join(kubernetes, 'config.yaml'), set.configYaml ?? '');
    const lines = Object.entries(fixture.environment()).map(([name, it]) => `${name}=${it}\n`);
    writeFileSync(join(kubernetes, 'cakeless.env'), lines.join(''), { mode: 0o600 });
    return new DebianNode(await Machine.bootDebian(base, folder), fixture);
  }

  async stop(): Promise<void> {
    await this.machine.stop();
    await this.#fixture.close();
  }

  apt(...args: string[]) {
    const quiet = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '--quiet', '--yes'];
    return this.machine.run('env', ...quiet, ...args);
  }

  /** Copies what a person would have written to /etc/kubernetes. The package's example is for this node. */
  async declare(): Promise<void> {
    await this.machine.must('mkdir', '/etc/kubernetes');
    await this.machine.must('cp', `${EXAMPLES}/cakeless.yaml`, '/etc/kubernetes/');
    await this.machine.must('cp', '-RT', '/mnt/etc-kubernetes', '/etc/kubernetes');
  }

  /** With the variables that the timer's unit reads from cakeless.env. */
  cakeless(...args: string[]) {
    const script = 'set -a; . /etc/kubernetes/cakeless.env; exec cakeless "$@"';
    return this.machine.run('sh', '-c', script, 'sh', ...args);
  }

  async approveAll(): Promise<void> {
    const approver = (...args: string[]) =>
      mustCakeless(this.#fixture.environment('approver'), ...args);
    const waiting: { request: string }[] = JSON.parse(await approver('pending', '-o', 'json'));
    for (const { request } of waiting) await approveRequest(approver, request);
  }

  /** All files but those of the node: /etc/kubernetes. */
  async files(): Promise<string[]> {
    return listed(await this.machine.must(...LIST_FILES), '/etc/kubernetes');
  }

  /** The digests of the node's own files. */
  digests(): Promise<string> {
    const script = 'cd /etc/kubernetes && find . -type f -exec sha256sum {} + | sort -k 2';
    return this.machine.must('sh', '-c', script);
  }
}
