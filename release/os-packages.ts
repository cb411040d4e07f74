/** Builds the .deb and .rpm packages with nfpm (https://nfpm.goreleaser.com). */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  bundleContents,
  type Contents,
  executableContents,
  type Format,
  type License,
} from './contents.ts';
import { BUNDLE, EXECUTABLE, type Flavor, MAINTAINER, SUMMARY } from './metadata.ts';
import type { Revision } from './revision.ts';

/** The revision of the package for this version. */
const PACKAGING = '1';

export interface OsPackage {
  readonly file: string;
  readonly flavor: Flavor;
  readonly format: Format;
  /** As Go names it; nfpm translates. */
  readonly architecture: 'amd64' | 'arm64' | 'all';
  readonly contents: Contents;
  readonly depends: readonly string[];
}

/** What Node.js is linked with, as rpmbuild would find it. 2.28 is the newest symbol version of glibc that its builds use. */
const LIBRARIES: Record<Format, readonly string[]> = {
  deb: ['libc6 (>= 2.28)', 'libstdc++6', 'libgcc-s1', 'libatomic1'],
  rpm: [
    'libc.so.6(GLIBC_2.28)(64bit)',
    ...['libstdc++.so.6', 'libgcc_s.so.1', 'libatomic.so.1'].map((name) => `${name}()(64bit)`),
  ],
};
/** The packages of Fedora and RHEL have epoch 1; without it, every version would be enough. */
const NODE: Record<Format, readonly string[]> = {
  deb: ['nodejs (>= 20.19)'],
  rpm: ['nodejs >= 1:20.19'],
};

const EQUALS: Record<Format, (name: string, version: string) => string> = {
  deb: (name, version) => `${name} (= ${version})`,
  rpm: (name, version) => `${name} = ${version}`,
};

const ARCHITECTURES = [
  { node: 'x64', architecture: 'amd64', rpm: 'x86_64' },
  { node: 'arm64', architecture: 'arm64', rpm: 'aarch64' },
] as const;

/** @param licenses of the bundle, and of the Node.js in the executables */
export function osPackages(
  revision: Revision,
  licenses: { readonly bundle: readonly License[]; readonly node: License },
): OsPackage[] {
  return (['deb', 'rpm'] as const).flatMap((format) => [
    ...ARCHITECTURES.map(({ node, architecture, rpm }) => ({
      ...{ format, architecture, flavor: EXECUTABLE, depends: LIBRARIES[format] },
      file: fileName(EXECUTABLE, revision, format, format === 'deb' ? architecture : rpm),
      contents: executableContents(
        `dist/client/cakeless-linux-${node}`,
        EXECUTABLE,
        format,
        revision,
        [...licenses.bundle, licenses.node],
      ),
    })),
    {
      ...{ format, architecture: 'all' as const, flavor: BUNDLE, depends: NODE[format] },
      file: fileName(BUNDLE, revision, format, format === 'deb' ? 'all' : 'noarch'),
      contents: bundleContents('dist/bundle', BUNDLE, format, revision, licenses.bundle),
    },
  ]);
}

/** As each system names its packages. */
function fileName({ name }: Flavor, { version }: Revision, format: Format, architecture: string) {
  return format === 'deb'
    ? `${name}_${version}-${PACKAGING}_${architecture}.deb`
    : `${name}-${version}-${PACKAGING}.${architecture}.rpm`;
}

/** @param stage a new folder for files that nfpm reads */
export function makeOsPackage(
  made: OsPackage,
  { nfpm, stage, out, revision }: { nfpm: string; stage: string; out: string; revision: Revision },
): string {
  const folder = join(stage, made.file);
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'nfpm.yaml'); // JSON is YAML
  writeFileSync(config, JSON.stringify(nfpmConfig(made, folder, revision), null, 2));
  const target = join(out, made.file);
  execFileSync(
    nfpm,
    ['package', '--config', config, '--packager', made.format, '--target', target],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  return target;
}

function nfpmConfig(made: OsPackage, folder: string, { version, time }: Revision) {
  const { flavor, format, architecture, contents, depends } = made;
  const info = (mode: number) => ({ mode, owner: 'root', group: 'root', mtime: time });
  const staged = contents.entries.map(({ to, mode, from, mark }) => ({
    src: 'file' in from ? resolve(from.file) : stage(folder, to, from.contents),
    dst: to,
    ...(format === 'rpm' && mark && { type: mark }),
    file_info: info(mode),
  }));
  return {
    name: flavor.name,
    arch: architecture,
    platform: 'linux',
    version,
    release: PACKAGING,
    section: 'admin',
    priority: 'optional',
    maintainer: MAINTAINER,
    vendor: 'Cakeless',
    license: 'Apache-2.0',
    // the first line of a .deb's description is its summary
    description: format === 'deb' ? `${SUMMARY}\n${flavor.description}` : flavor.description,
    mtime: time,
    umask: 0o022,
    depends,
    provides: flavor === BUNDLE ? [EQUALS[format](EXECUTABLE.name, `${version}-${PACKAGING}`)] : [],
    conflicts: [flavor.other],
    replaces: format === 'deb' ? [flavor.other] : [],
    contents: [
      ...contents.folders.map((dst) => ({ dst, type: 'dir', file_info: info(0o755) })),
      ...staged,
      ...contents.links.map(({ to, target }) => ({
        ...{ src: target, dst: to, type: 'symlink', file_info: info(0o777) },
      })),
    ].sort((a, b) => (a.dst < b.dst ? -1 : 1)),
    scripts: scripts(folder, format),
    // gzip: every dpkg and rpm reads it, and lintian too
    deb: { compression: 'gzip' },
    rpm: { compression: 'gzip', summary: SUMMARY, group: 'System', buildhost: 'localhost' },
  };
}

const SCRIPTS: Record<Format, Record<string, string>> = {
  deb: { postinstall: 'deb-postinst', preremove: 'deb-prerm', postremove: 'deb-postrm' },
  rpm: {
    preinstall: 'rpm-pre',
    postinstall: 'rpm-post',
    preremove: 'rpm-preun',
    postremove: 'rpm-postun',
  },
};

/** A maintainer script is one file: the shared part, then its own. */
function scripts(folder: string, format: Format): Record<string, string> {
  const shared = readFileSync('release/scripts/units.sh', 'utf8');
  return Object.fromEntries(
    Object.entries(SCRIPTS[format]).map(([when, name]) => {
      const own = readFileSync(`release/scripts/${name}.sh`, 'utf8');
      return [when, stage(folder, `/scripts/${name}`, `${shared}\n${own}`)];
    }),
  );
}

function stage(folder: string, to: string, contents: string | Buffer): string {
  const file = join(folder, `${to.replaceAll('/', '+')}`);
  writeFileSync(file, contents);
  return resolve(file);
}
