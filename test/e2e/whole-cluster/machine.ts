/** A machine for a node: machine.sh describes what it does not share with the host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { connectToBridge, type NodeAddress } from '../control-plane/network.ts';
import { makeGroups } from './cgroups.ts';

const SCRIPT = resolve('test', 'e2e', 'whole-cluster', 'machine.sh');

export class Machine {
  readonly name: string;
  readonly address: string;
  /** A folder of the test, at the same path on all machines. */
  readonly folder: string;
  readonly #holder: ChildProcess;
  /** The id of its first process, as the test sees it. */
  readonly #first: string;
  readonly #enter: string;

  private constructor(
    at: NodeAddress,
    folder: string,
    holder: ChildProcess,
    first: string,
    enter: string,
  ) {
    this.name = at.name;
    this.address = at.address;
    this.folder = folder;
    this.#holder = holder;
    this.#first = first;
    this.#enter = enter;
  }

  /** @param run name of the run, for its control groups @param etc what it sees as /etc/kubernetes */
  static async make(at: NodeAddress, run: string, folder: string, etc: string): Promise<Machine> {
    mkdirSync(join(folder, 'log'));
    const groups = makeGroups(run, at.name);
    const holder = spawn('bash', [SCRIPT, at.name, folder, etc, ...groups], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((ready, failed) => {
      holder.stdout.once('data', () => ready());
      holder.once('close', () => failed(new Error(`the machine ${at.name} could not be created`)));
    });
    const first = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim();
    const enter = join(folder, 'enter.sh');
    writeFileSync(enter, enterScript(first, groups));
    const machine = new Machine(at, folder, holder, first, enter);
    await connectToBridge(at, `m-${at.name.split('.')[0]}`, first, (c) => machine.inside(c));
    return machine;
  }

  /** The command line that runs a command on the machine. */
  inside(command: readonly string[]): string[] {
    return ['sh', this.#enter, ...command];
  }

  /** The file for a program's output. */
  logFile(name: string): string {
    return join(this.folder, 'log', name);
  }

  /** A file of the machine, such as /var/lib/kubelet/config.yaml, as the test sees it while the machine exists. */
  ownFile(path: string): string {
    return join(`/proc/${this.#first}/root`, path);
  }

  end(): void {
    this.#holder.kill('SIGKILL');
  }
}

/** nsenter of util-linux before 2.39 enters the namespace of control groups, but not the group. */
const enterScript = (pid: string, groups: readonly string[]): string =>
  [
    ...groups.map((group) => `echo 0 >'${group}/cgroup.procs'`),
    `exec nsenter -t ${pid} -m -n -u -i -p -C -- "$@"`,
    '',
  ].join('\n');
