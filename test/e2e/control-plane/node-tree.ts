/** Everything below a node's /etc/kubernetes, for comparing two moments. */
import { createHash, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readCertificateFacts } from '../../support/certificate-facts.ts';
import { type Installed, keyKindOf, readInstalled } from '../kubeadm/installed.ts';

export interface NodeTree {
  /** Mode, owner and digest of each file by its path, without Cakeless' own folder. */
  readonly files: ReadonlyMap<string, string>;
  /** Kubeconfigs without the data of certificate and key. */
  readonly kubeconfigs: ReadonlyMap<string, string>;
  readonly installed: readonly Installed[];
}

export function takeTree(kubernetesDir: string): NodeTree {
  const paths = readdirSync(kubernetesDir, { recursive: true, encoding: 'utf8' })
    .filter((path) => !/^cakeless(\/|$)/.test(path))
    .filter((path) => statSync(join(kubernetesDir, path)).isFile())
    .sort();
  const files = paths.map((path) => [path, describe(join(kubernetesDir, path))] as const);
  const kubeconfigs = paths
    .filter((path) => path.endsWith('.conf'))
    .map((path) => {
      const text = readFileSync(join(kubernetesDir, path), 'utf8');
      return [path, text.replace(/(client-(?:certificate|key)-data: ).*/g, '$1…')] as const;
    });
  return {
    files: new Map(files),
    kubeconfigs: new Map(kubeconfigs),
    installed: readInstalled(kubernetesDir),
  };
}

function describe(file: string): string {
  const { mode, uid, gid } = statSync(file);
  const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${digest}`;
}

/** Paths that were added or removed, or whose contents, mode or owner changed. */
export function changedPaths(before: NodeTree, after: NodeTree): string[] {
  const paths = new Set([...before.files.keys(), ...after.files.keys()]);
  return [...paths].filter((path) => before.files.get(path) !== after.files.get(path)).sort();
}

/**
 * Changes that a renewal must not make; empty if it changed only keys, serial numbers and dates. Every certificate has to
 * be a new one, with a new key.
 */
export function wrongChanges(before: NodeTree, after: NodeTree): string[] {
  const wrong: string[] = [];
  const [was, is] = [modes(before), modes(after)];
  if (was !== is) wrong.push(`files, modes or owners: ${was} became ${is}`);
  for (const [path, text] of before.kubeconfigs)
    if (after.kubeconfigs.get(path) !== text) wrong.push(`${path}: text changed`);
  for (const old of before.installed) {
    const now = after.installed.find(({ name }) => name === old.name);
    if (now) wrong.push(...compare(old, now).map((words) => `${old.name}: ${words}`));
  }
  const renewed = new Set(before.installed.flatMap(({ name }) => pathsOf(name)));
  wrong.push(...changedPaths(before, after).filter((path) => !renewed.has(path)));
  return wrong;
}

const modes = ({ files }: NodeTree) =>
  [...files].map(([path, words]) => `${path} ${words.replace(/ \w+$/, '')}`).join(', ');

/** Certificate and key of a name. */
function pathsOf(name: string): string[] {
  const { baseName } = profileOf(name as CertificateName);
  return baseName === undefined ? [name] : [`pki/${baseName}.crt`, `pki/${baseName}.key`];
}

function compare(old: Installed, now: Installed): string[] {
  const [a, b] = [sameParts(old.certificate), sameParts(now.certificate)];
  const [first, second] = [old, now].map(({ certificate }) => new X509Certificate(certificate));
  return [
    ...(a === b ? [] : [`${a} became ${b}`]),
    ...(first?.serialNumber === second?.serialNumber ? ['the same serial number'] : []),
    ...(old.key === now.key ? ['the same key'] : []),
  ];
}

/** The contents of a certificate without key, serial number and dates. */
function sameParts(certificate: string): string {
  const { issuer } = new X509Certificate(certificate);
  return JSON.stringify({
    ...readCertificateFacts(certificate),
    kind: keyKindOf(certificate),
    issuer,
  });
}
