/** Builds releases from these sources, each in a separate folder. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A clone, with what is not committed yet, so that a change can be tried. */
export function copySources(folder: string): void {
  execFileSync('git', ['clone', '--quiet', '--shared', '.', folder]);
  const list = (...args: string[]) =>
    execFileSync('git', args, { encoding: 'utf8' }).split('\0').filter(Boolean);
  const changed = list('diff', '--name-only', '-z', '--diff-filter=d', 'HEAD');
  for (const name of [...changed, ...list('ls-files', '-z', '--others', '--exclude-standard')])
    if (statSync(name).isFile()) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      cpSync(name, join(folder, name));
    }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
}

/** @param node the folder of the program that runs npm and everything below it. @returns the folder of the release */
export async function buildRelease(folder: string, node: string, umask: string): Promise<string> {
  const script = `umask ${umask} && exec npm run -s release -- --allow-dirty`;
  const child = spawn('sh', ['-c', script], {
    cwd: folder,
    env: { ...process.env, PATH: `${node}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`npm run release: ${status}: ${said}`);
  return join(folder, 'dist/release');
}
