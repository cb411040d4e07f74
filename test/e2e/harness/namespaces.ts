/**
 * Runs the program in new mount, network and process namespaces, so that it leaves nothing behind: however it ends, even
 * by SIGKILL, the kernel removes its processes, mounts, network and files (a tmpfs).
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mustRun } from './program.ts';

/** Set in the inner process: the folder that it works in. */
const FOLDER = 'CAKELESS_E2E_FOLDER';

/** The folder of the inner process; undefined in the outer one. */
export const innerFolder = (): string | undefined => process.env[FOLDER];

/** Runs this program with the same arguments inside. @returns its exit code */
export async function runInside(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'cakeless-e2e-'));
  const namespaces = [
    '--mount',
    '--net',
    '--pid',
    '--fork',
    '--kill-child=SIGKILL',
    '--mount-proc',
  ];
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('unshare', [...namespaces, ...self], {
    stdio: ['pipe', 'inherit', 'inherit'], // the inner process ends when this pipe is closed
    env: { ...process.env, [FOLDER]: folder },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => child.kill('SIGKILL'));
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 1));
    });
  } finally {
    rmdirSync(folder);
  }
}

/** A name that programs look up, with its address. */
export interface Host {
  readonly name: string;
  readonly address: string;
}

/** What the inner process does first: private mounts, an empty folder in memory, its own /etc and loopback interface. */
export async function settleInside(folder: string, hosts: readonly Host[]): Promise<void> {
  process.stdin.on('end', () => process.exit(1)).resume();
  await mustRun(['mount', '--make-rprivate', '/']);
  await mustRun(['mount', '-t', 'tmpfs', '-o', 'mode=0700', 'tmpfs', folder]);
  await keepWritesFrom('/etc', folder);
  mkdirSync('/etc/kubernetes', { recursive: true });
  const lines = hosts.map(({ name, address }) => `${address} ${name}\n`);
  writeFileSync('/etc/hosts', `127.0.0.1 localhost\n${lines.join('')}`);
  await mustRun(['ip', 'link', 'set', 'lo', 'up']);
}

/** After this, what is written below a path goes to the folder in memory instead of the disk. */
export async function keepWritesFrom(path: string, folder: string): Promise<void> {
  const name = path.replaceAll('/', '-');
  const [upper, work] = [join(folder, `.upper${name}`), join(folder, `.work${name}`)];
  for (const made of [upper, work]) mkdirSync(made);
  const layers = `lowerdir=${path},upperdir=${upper},workdir=${work}`;
  await mustRun(['mount', '-t', 'overlay', 'overlay', '-o', layers, path]);
}

/** Why this machine cannot run it; undefined if it can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.getuid?.() !== 0) return 'namespaces and kubeadm --rootfs require root';
  const tried = await mustRun(['unshare', '--mount', '--net', '--pid', '--fork', 'true']).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return tried && `no namespaces here: ${tried}`;
}
