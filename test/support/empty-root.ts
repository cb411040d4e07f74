/** A root folder with only the executable and the libraries that it is linked with: no /proc, no /etc. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { toolsFolder } from './judges-programs.ts';

/** The executable of one platform, and what it needs to run here. */
export interface Executable {
  readonly binary: string;
  /** Files that have to be in the root, and their paths there. */
  readonly libraries: readonly (readonly [from: string, to: string])[];
  /** A static program that runs programs for another processor. */
  readonly emulator?: string;
}

/** The executables of `npm run build:binary`, each with the reason if it cannot run here. */
export function executables(): { platform: string; why?: string; executable(): Executable }[] {
  const x64 = resolve('dist/client/cakeless-linux-x64');
  const arm64 = resolve('dist/client/cakeless-linux-arm64');
  const emulation = join(toolsFolder(), 'arm64');
  const here = whyNoEmptyRoot();
  const there = existsSync(join(emulation, 'emulator')) ? here : 'run test/tools/install.sh arm64';
  return [
    {
      platform: 'linux-x64',
      ...why(here),
      executable: () => ({ binary: x64, libraries: linked(x64) }),
    },
    {
      platform: 'linux-arm64, emulated',
      ...why(there),
      executable: () => ({
        binary: arm64,
        libraries: LIBRARIES.map((name) => [join(emulation, 'lib', name), `/lib/${name}`]),
        emulator: join(emulation, 'emulator'),
      }),
    },
  ];
}

/** For arm64, because `ldd` does not work for another processor. */
const LIBRARIES = [
  'ld-linux-aarch64.so.1',
  ...['libatomic.so.1', 'libc.so.6', 'libdl.so.2', 'libgcc_s.so.1', 'libm.so.6'],
  ...['libpthread.so.0', 'libstdc++.so.6'],
];

function why(reason: string | undefined): { why?: string } {
  if (reason === undefined) return {};
  if (process.env.CAKELESS_REQUIRE_JUDGES === '1')
    throw new Error(`CAKELESS_REQUIRE_JUDGES=1, but ${reason}`);
  return { why: reason };
}

function whyNoEmptyRoot(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'this is not linux x64';
  const { status } = spawnSync('unshare', ['-r', 'chroot', '/', 'true']);
  return status === 0 ? undefined : 'unshare -r chroot is not possible here';
}

/** The libraries that the dynamic linker of this machine names. */
function linked(binary: string): Executable['libraries'] {
  const output = execFileSync('ldd', [binary], { encoding: 'utf8' });
  return (output.match(/\/\S+/g) ?? []).map((library) => [library, library]);
}

export class EmptyRoot {
  readonly folder: string;
  readonly #command: readonly string[];

  constructor(folder: string, { binary, libraries, emulator }: Executable) {
    this.folder = folder;
    for (const [from, to] of libraries) this.#put(from, to);
    this.#put(binary, '/cakeless');
    if (emulator !== undefined) this.#put(emulator, '/emulator');
    this.#command = emulator === undefined ? ['/cakeless'] : ['/emulator', '/cakeless'];
  }

  at(...path: string[]): string {
    return join(this.folder, ...path);
  }

  /** With a PATH for unshare to find chroot, and without HOME. */
  run(environment: Record<string, string>, ...args: string[]) {
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['-r', 'chroot', this.folder, ...this.#command, ...args],
      { env: { ...environment, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, encoding: 'utf8' },
    );
    return { status, stdout, stderr };
  }

  #put(from: string, to: string): void {
    mkdirSync(dirname(this.at(to)), { recursive: true });
    cpSync(from, this.at(to), { dereference: true });
  }
}
