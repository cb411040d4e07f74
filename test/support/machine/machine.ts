/** A machine with a real systemd, in namespaces; see boot.sh. Needs root. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { Hopeless, hopeless, untilTrue } from '../until.ts';

const SYSTEMD = '/usr/lib/systemd/systemd';
const NAMESPACES = ['--mount', '--pid', '--fork', '--uts', '--ipc', '--net', '--cgroup'];

/** Why a machine cannot be started on this host; undefined if it can. Throws with CAKELESS_REQUIRE_JUDGES=1. */
export function whyNoMachine(): string | undefined {
  const why = reason();
  if (why !== undefined && process.env.CAKELESS_REQUIRE_JUDGES === '1')
    throw new Error(`CAKELESS_REQUIRE_JUDGES=1, but ${why}`);
  return why;
}

function reason(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'only root can start a systemd';
  if (!existsSync(SYSTEMD)) return `${SYSTEMD} is not installed`;
  if (cgroupFolder() === undefined) return 'no cgroup2 file system is mounted';
  if (spawnSync('unshare', [...NAMESPACES, 'true']).status !== 0)
    return 'namespaces are not available';
  return undefined;
}

/** Mount point of the unified cgroup hierarchy. */
function cgroupFolder(): string | undefined {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1];
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The text of a stream so far. */
function gather(stream: Readable | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  return () => text;
}

export class Machine {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #cgroup: string;
  #init = '';

  private constructor(child: ChildProcess, cgroup: string) {
    this.#child = child;
    this.#cgroup = cgroup;
    this.#ended = once(child, 'close');
  }

  /** @param shared holds etc-kubernetes, opt and units */
  static boot(folder: string, shared: string): Promise<Machine> {
    const root = join(folder, 'root');
    mkdirSync(root);
    return Machine.#start(NAMESPACES, 'parts-of-host.sh', root, shared, process.execPath);
  }

  /**
   * A machine with the Debian of a folder, which it does not change, and the host's network, for the service and for
   * Debian's mirror.
   * @param folder a new one, for what the machine changes; what is in `shared` there is in its /mnt
   */
  static bootDebian(base: string, folder: string): Promise<Machine> {
    const namespaces = NAMESPACES.filter((name) => name !== '--net');
    return Machine.#start(namespaces, 'parts-of-debian.sh', join(folder, 'root'), base, folder);
  }

  static async #start(
    namespaces: readonly string[],
    parts: string,
    ...args: readonly string[]
  ): Promise<Machine> {
    // its own cgroup, which the machine sees as the root
    const cgroup = join(cgroupFolder() ?? '', `cakeless-trial-${process.pid}`);
    mkdirSync(cgroup);
    const boot = ['boot.sh', parts].map((name) => resolve('test/support/machine', name));
    const unshare = ['unshare', ...namespaces, '--kill-child', 'sh', ...boot, ...args];
    const enter = `echo $$ >${cgroup}/cgroup.procs && exec "$@"`;
    const child = spawn('sh', ['-c', enter, 'sh', ...unshare], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const machine = new Machine(child, cgroup);
    await machine.#started();
    return machine;
  }

  /** Runs a command on the machine. */
  async run(...command: string[]): Promise<Ran> {
    const enter = ['--target', this.#init, ...NAMESPACES.filter((name) => name !== '--fork')];
    const child = spawn('nsenter', [...enter, '--wd=/', ...command], {
      env: { PATH: '/usr/sbin:/usr/bin' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
    const [status] = await once(child, 'close');
    return { status, stdout: stdout(), stderr: stderr() };
  }

  /** Returns the output of a command. @throws Error if it fails */
  async must(...command: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...command);
    if (status !== 0) throw new Error(`${command.join(' ')}: ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Starts a service and waits until it has finished. @returns its result, such as `success` */
  async runService(name: string): Promise<string> {
    await this.must('systemctl', 'start', name);
    // `systemctl start --wait` would need a message bus
    const state = () => this.property(name, 'ActiveState').catch(hopeless);
    await untilTrue(
      `the end of ${name}`,
      async () => !['active', 'activating'].includes(await state()),
    );
    return this.property(name, 'Result');
  }

  async property(unit: string, name: string): Promise<string> {
    return (await this.must('systemctl', 'show', unit, '--property', name, '--value')).trim();
  }

  /** The journal of a unit, without times. */
  async journal(unit: string): Promise<string> {
    await this.must('journalctl', '--sync');
    return this.must('journalctl', '--no-pager', '-o', 'cat', '-u', unit);
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL'); // --kill-child kills the machine's first process, and so all others
    await this.#ended;
    await this.#emptied();
    for (const group of groupsBelow(this.#cgroup)) rmdirSync(group);
  }

  async #started(): Promise<void> {
    const said = [gather(this.#child.stdout), gather(this.#child.stderr)];
    const words = () => said.map((text) => text()).join('');
    await untilTrue('a running systemd', async () => {
      if (this.#child.exitCode !== null) throw new Hopeless(`the machine exited: ${words()}`);
      this.#init ||= this.#findInit();
      if (this.#init === '') throw new Error(words());
      const state = (await this.run('systemctl', 'is-system-running')).stdout.trim();
      if (state === 'degraded')
        throw new Hopeless(await this.must('systemctl', '--failed', '--no-pager'));
      if (state !== 'running') throw new Error(`${state}: ${words()}`);
      return true;
    });
  }

  /** The child of unshare, once it is systemd and not a shell. */
  #findInit(): string {
    const pid = this.#child.pid;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    if (!/^\d+$/.test(children)) return '';
    return readFileSync(`/proc/${children}/comm`, 'utf8').trim() === 'systemd' ? children : '';
  }

  /** Killed processes leave their cgroup a moment later. */
  async #emptied(): Promise<void> {
    const events = () => readFileSync(join(this.#cgroup, 'cgroup.events'), 'utf8');
    await untilTrue('an empty control group', () => !events().includes('populated 1'));
  }
}

/** Deepest first, the folder itself last. */
function groupsBelow(folder: string): string[] {
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...below.flatMap(({ name }) => groupsBelow(join(folder, name))), folder];
}

/** Bundles a program of the test, because the machine does not have the repository. */
export function bundleFor(shared: string, source: string): void {
  const name = source.replace(/^.*\/|\.ts$/g, '');
  execFileSync('node_modules/.bin/esbuild', [
    ...[source, '--bundle', '--platform=node', '--log-level=error'],
    `--outfile=${join(shared, 'opt', `${name}.cjs`)}`,
  ]);
}

/** Writes a unit that starts with the machine. */
export function writeUnit(shared: string, name: string, text: string): void {
  const wants = join(shared, 'units', 'multi-user.target.wants');
  mkdirSync(wants, { recursive: true });
  writeFileSync(join(shared, 'units', name), text);
  symlinkSync(`../${name}`, join(wants, name));
}

/** A service that always runs a program of /opt. */
export const serviceOf = (program: string) =>
  `[Service]\nExecStart=/opt/node -- /opt/${program}\nWorkingDirectory=/opt\nRestart=always\n`;
