import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export type KubeadmLayout = 'generate-csr' | 'renew-csr-only' | 'init-phase-csr-only';

/** A CSR as kubeadm wrote it, with its contents according to the manifest. */
export type KubeadmCsr = {
  /** Where kubeadm writes it, relative to its output folder. */
  path: string;
  /** The path of the file here. */
  file: string;
  certificateName: string;
  /** Attribute type and value, in the order of the CSR. */
  subject: [type: string, value: string][];
  sans: { dns: string[]; ip: string[] };
  keyAlgorithm: string;
  /** The certificate that the same kubeadm issues with its own CA. */
  reference?: string;
};

/** All CSRs of one run of kubeadm. */
export type KubeadmSet = {
  version: string;
  layout: KubeadmLayout;
  config: string;
  dir: string;
  /** The text of the kubeadm configuration; absent if kubeadm ran without one. */
  configYaml?: string;
  csrs: KubeadmCsr[];
};

type ManifestEntry = {
  file: string;
  kubeadm: string;
  layout: KubeadmLayout;
  config: string;
  path: string;
  certificate: string;
  subject: [string, string][];
  sans: { dns: string[]; ip: string[] };
  keyAlgorithm: string;
  reference?: string;
};

/** The sets in this repository. */
export const fixtureCsrRoot = (): string => resolve('test', 'fixtures', 'kubeadm');

/** A larger collection in a sibling folder of the repository, if it exists. */
export function sharedCsrRoot(): string | undefined {
  const root = resolve('..', 'shared', 'kubeadm-csrs');
  return existsSync(join(root, 'manifest.json')) ? root : undefined;
}

/** The largest available collection: a test runs in every clone, and in some with more sets. */
export const bestCsrRoot = (): string => sharedCsrRoot() ?? fixtureCsrRoot();

/** The sets of a folder with a manifest, in the order of the manifest. */
export function listKubeadmSets(root: string = fixtureCsrRoot()): KubeadmSet[] {
  const { csrs } = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as {
    csrs: ManifestEntry[];
  };
  const sets = new Map<string, KubeadmSet>();
  for (const entry of csrs) {
    const dir = join(root, entry.kubeadm, entry.layout, entry.config);
    const set = sets.get(dir) ?? emptySet(entry, dir);
    set.csrs.push(toCsr(root, entry));
    sets.set(dir, set);
  }
  return [...sets.values()];
}

/** A committed set, for a test of that version, layout or configuration. */
export function kubeadmSet(version: string, layout: KubeadmLayout, config: string): KubeadmSet {
  const found = listKubeadmSets().find(
    (set) => set.version === version && set.layout === layout && set.config === config,
  );
  if (!found) throw new Error(`no fixture ${version}/${layout}/${config}`);
  return found;
}

/** The CSR of a set for a certificate name. @throws Error if kubeadm made none */
export function csrOf({ csrs }: KubeadmSet, certificateName: string): KubeadmCsr {
  const found = csrs.find((csr) => csr.certificateName === certificateName);
  if (!found) throw new Error(`no CSR of ${certificateName}`);
  return found;
}

/** The throw-away key of a CSR: a PEM file, or a kubeconfig with the key. */
export function keyFile(set: KubeadmSet, csr: KubeadmCsr): string | undefined {
  const base = join(
    set.dir,
    'keys',
    dirname(csr.path),
    csr.path.slice(0, -'.csr'.length).replace(/^.*\//, ''),
  );
  return [`${base}.key`, base].find((file) => existsSync(file));
}

function emptySet(entry: ManifestEntry, dir: string): KubeadmSet {
  const configFile = join(dir, 'config.yaml');
  return {
    version: entry.kubeadm,
    layout: entry.layout,
    config: entry.config,
    dir,
    ...(existsSync(configFile) && { configYaml: readFileSync(configFile, 'utf8') }),
    csrs: [],
  };
}

function toCsr(root: string, entry: ManifestEntry): KubeadmCsr {
  return {
    path: entry.path,
    file: join(root, entry.file),
    certificateName: entry.certificate,
    subject: entry.subject,
    sans: entry.sans,
    keyAlgorithm: entry.keyAlgorithm,
    ...(entry.reference && { reference: join(root, entry.reference) }),
  };
}
