/**
 * Runs the rest in mount, network and process namespaces of its own, so that nothing is left behind: whatever ends
 * it, even SIGKILL, the kernel takes processes, mounts, network and files (a tmpfs) with it.
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

/** Runs this program with the same arguments inside, and gives back its exit code. */
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
    stdio: ['pipe', 'inherit', 'inherit'], // a closed pipe tells the inner process that this one is gone
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

/** Names that the programs look up, beside their addresses. */
export interface Host {
  readonly name: string;
  readonly address: string;
}

/** What the inner process does first: private mounts, an empty folder in memory, an /etc and a loopback of its own. */
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

/** What is written below a path from now on goes to the folder in memory, and not to the disk. */
export async function keepWritesFrom(path: string, folder: string): Promise<void> {
  const name = path.replaceAll('/', '-');
  const [upper, work] = [join(folder, `.upper${name}`), join(folder, `.work${name}`)];
  for (const made of [upper, work]) mkdirSync(made);
  const layers = `lowerdir=${path},upperdir=${upper},workdir=${work}`;
  await mustRun(['mount', '-t', 'overlay', 'overlay', '-o', layers, path]);
}

/** Why this machine can't do it; undefined where it can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root, for namespaces and kubeadm --rootfs';
  const tried = await mustRun(['unshare', '--mount', '--net', '--pid', '--fork', 'true']).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return tried && `no namespaces here: ${tried}`;
}
