/** What a .deb or .rpm package installs. */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CSRSIGNING, csrsigningUnit } from '../client/node/forwarder/unit.ts';
import { EVERY_DAY } from '../client/node/timer/interval.ts';
import { unitFiles } from '../client/node/timer/units.ts';
import { copyright, debianChangelog, lintianOverrides } from './debian-texts.ts';
import { EXECUTABLE, type Flavor } from './metadata.ts';
import type { Revision } from './revision.ts';

export type Format = 'deb' | 'rpm';

/** A file of the package. All belong to root. */
export interface Entry {
  readonly to: string;
  readonly mode: number;
  /** A file of this machine, or the contents. */
  readonly from: { readonly file: string } | { readonly contents: string | Buffer };
  /** How rpm marks it. */
  readonly mark?: 'doc' | 'license';
}

export interface Contents {
  readonly entries: readonly Entry[];
  /** Folders to create and remove, besides those that every system has. */
  readonly folders: readonly string[];
  readonly links: readonly { readonly to: string; readonly target: string }[];
}

const SHARE = '/usr/share/cakeless';
const UNITS = '/usr/lib/systemd/system';

/** A file with the licenses of what the package contains. */
export interface License {
  readonly name: string;
  readonly text: string;
}

/** The self-contained executable as /usr/bin/cakeless. */
export function executableContents(
  executable: string,
  flavor: Flavor,
  format: Format,
  revision: Revision,
  licenses: readonly License[],
): Contents {
  const common = commonContents(flavor, format, revision, licenses);
  const program: Entry = { to: '/usr/bin/cakeless', mode: 0o755, from: { file: executable } };
  return { ...common, entries: [program, ...common.entries] };
}

/** The bundle in /usr/share/cakeless, run by the Node.js of the machine. */
export function bundleContents(
  bundle: string,
  flavor: Flavor,
  format: Format,
  revision: Revision,
  licenses: readonly License[],
): Contents {
  const common = commonContents(flavor, format, revision, licenses);
  const files = filesIn(bundle).map((name): Entry => {
    const file = join(bundle, name);
    if (name !== 'cakeless.mjs') return { to: `${SHARE}/${name}`, mode: 0o644, from: { file } };
    return { to: `${SHARE}/${name}`, mode: 0o755, from: { contents: withSystemNode(file) } };
  });
  const folders = new Set(files.map(({ to }) => to.replace(/\/[^/]*$/, '')));
  return {
    entries: [...files, ...common.entries],
    folders: [...new Set([SHARE, ...folders]), ...common.folders],
    links: [{ to: '/usr/bin/cakeless', target: '../share/cakeless/cakeless.mjs' }],
  };
}

/** A program of the system does not look for its interpreter in the caller's PATH (Debian policy 10.4). */
function withSystemNode(file: string): string {
  const text = readFileSync(file, 'utf8');
  const env = '#!/usr/bin/env -S node --\n';
  if (!text.startsWith(env)) throw new Error(`${file}: does not start with ${env.trim()}`);
  return `#!/usr/bin/node --\n${text.slice(env.length)}`;
}

function commonContents(
  flavor: Flavor,
  format: Format,
  revision: Revision,
  licenses: readonly License[],
): Contents {
  const { name } = flavor;
  const doc = `/usr/share/doc/${name}`;
  const text = (to: string, contents: string | Buffer, mark?: Entry['mark']): Entry => ({
    ...{ to, mode: 0o644, from: { contents } },
    ...(mark && { mark }),
  });
  const entries = [
    ...Object.entries(defaultUnits()).map(([unit, it]) => text(`${UNITS}/${unit}`, it)),
    ...filesIn('dist/man').map((page) =>
      text(`/usr/share/man/man1/${page}.gz`, gzip(readFileSync(join('dist/man', page))), 'doc'),
    ),
    ...filesIn('dist/completion').map((file) =>
      text(completionPlace(file, format), readFileSync(join('dist/completion', file))),
    ),
    text(`${doc}/examples/cakeless.yaml`, readFileSync('release/examples/cakeless.yaml'), 'doc'),
    ...licenses.map(({ name: file, text: it }) => text(`${doc}/${file}`, it, 'doc')),
  ];
  if (format === 'deb')
    return {
      entries: [
        ...entries,
        text(`${doc}/copyright`, copyright(readFileSync('LICENSE', 'utf8'), revision)),
        text(
          `/usr/share/lintian/overrides/${flavor.name}`,
          lintianOverrides(flavor, flavor === EXECUTABLE),
        ),
        text(`${doc}/changelog.gz`, gzip(readFileSync('CHANGELOG.md'))),
        text(`${doc}/changelog.Debian.gz`, gzip(Buffer.from(debianChangelog(name, revision)))),
      ],
      folders: [],
      links: [],
    };
  return {
    entries: [
      ...entries,
      text(`${doc}/CHANGELOG.md`, readFileSync('CHANGELOG.md'), 'doc'),
      text(`/usr/share/licenses/${name}/LICENSE`, readFileSync('LICENSE'), 'license'),
    ],
    folders: [doc, `${doc}/examples`, `/usr/share/licenses/${name}`, ...SHARED_FOLDERS],
    links: [],
  };
}

const COMMAND = '/usr/bin/cakeless';
const KUBECONFIG_DIR = '/etc/kubernetes';

/**
 * The units of `cakeless install-timer` and `cakeless install-csrsigning` for a node with kubeadm's folders and
 * certificates of a year, not enabled. What those commands write to /etc/systemd/system takes precedence (decision 0044).
 */
const defaultUnits = () => ({
  ...unitFiles({
    command: COMMAND,
    writable: [],
    expiresWithin: '1/3',
    interval: EVERY_DAY,
    kubeconfigDir: KUBECONFIG_DIR,
  }),
  [CSRSIGNING]: csrsigningUnit({
    command: COMMAND,
    kubeconfig: `${KUBECONFIG_DIR}/cakeless-csrsigning.conf`,
  }),
});

/** rpm removes only folders that a package lists, once they are empty; a minimal system may lack these. */
const SHARED_FOLDERS = [
  ...['/usr/share/bash-completion', '/usr/share/bash-completion/completions'],
  ...['/usr/share/fish', '/usr/share/fish/vendor_completions.d'],
  ...['/usr/share/zsh', '/usr/share/zsh/site-functions', '/usr/share/licenses'],
];

function completionPlace(file: string, format: Format): string {
  const zsh = format === 'deb' ? 'vendor-completions' : 'site-functions';
  if (file === 'cakeless.bash') return '/usr/share/bash-completion/completions/cakeless';
  if (file === '_cakeless') return `/usr/share/zsh/${zsh}/_cakeless`;
  if (file === 'cakeless.fish') return '/usr/share/fish/vendor_completions.d/cakeless.fish';
  throw new Error(`dist/completion/${file}: no shell reads it`);
}

/** Without a name and a time, as `gzip -9n`. */
const gzip = (contents: Buffer) => gzipSync(contents, { level: 9 });

/** Paths of the files below a folder, sorted. */
export function filesIn(folder: string): string[] {
  const root = realpathSync(folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => relative(root, join(root, name)))
    .filter((name) => statSync(join(root, name)).isFile())
    .sort();
}
