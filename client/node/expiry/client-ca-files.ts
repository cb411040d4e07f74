/**
 * The files with which the components of a node authenticate clients, other than kubeadm's: someone may have put a chain
 * there, or a copy of one under another name, and every certificate below the root is then accepted. They are judged by
 * what they contain.
 */
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { parseYaml } from '../../parse-yaml.ts';
import { readTextIfThere } from '../../read-text.ts';
import { isChainFile } from '../disk/chain-files.ts';
import { COMPONENTS } from '../disk/components.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { readManifest } from '../restart/manifest.ts';
import { argumentsOf } from '../restart/processes.ts';
import { findIssuersAmong, subjectOf, WHY_NOT_ABOVE, whyTooMany } from '../trust/above.ts';

/** Flags of kube-apiserver and of the components that copy its authentication, and those of etcd. */
const FLAGS = [
  'client-ca-file',
  'requestheader-client-ca-file',
  'trusted-ca-file',
  'peer-trusted-ca-file',
];

interface Named {
  /** Where it is named. */
  readonly by: string;
  readonly words: string;
  readonly file: string;
}

export function findAboveInClientCas(
  folders: NodeFolders,
  proc?: string,
): { readonly file: string; readonly warning: string }[] {
  const own = CA_NAMES.map((ca) => caFileOf(ca, folders));
  const isOwn = (file: string) => own.some((one) => resolvedPath(one) === resolvedPath(file));
  const cas = own.flatMap((file) => certificatesAt(file) ?? []);
  // a chain that a flag names is found by its path, and the CA files themselves have rows
  const named = [...byFlags(folders).filter(({ file }) => !isChainFile(file, folders))];
  return [...named, ...byKubelets(folders, proc)]
    .filter(({ file }) => !isOwn(file))
    .flatMap((one) => {
      const certificates = certificatesAt(one.file) ?? [];
      const tooMany = whyTooMany(certificates);
      if (tooMany !== undefined) return [{ file: one.by, warning: `${describe(one)} ${tooMany}` }];
      return findIssuersAmong(certificates, cas).map((above) => ({
        file: one.by,
        warning: `${describe(one)} contains ${subjectOf(above)}, which is above the CA, or may be: ${WHY_NOT_ABOVE}; name the CA file`,
      }));
    });
}

const describe = ({ words, file }: Named) => `${words} names ${file}, which`;

function certificatesAt(file: string) {
  try {
    return parseCertificates(readTextIfThere(file) ?? '');
  } catch {
    return undefined; // the component does not start with it, or the row of the CA says so
  }
}

const byFlags = (folders: NodeFolders): Named[] =>
  COMPONENTS.flatMap((component) => {
    const manifest = component === 'kubelet' ? undefined : readManifest(component, folders);
    return FLAGS.flatMap((flag) => {
      const file = manifest?.flags.get(flag);
      if (!manifest || !file?.startsWith('/')) return [];
      return [{ by: manifest.file, words: `--${flag}`, file }];
    });
  });

const kubeletSchema = z.object({
  authentication: z.object({ x509: z.object({ clientCAFile: z.string() }) }),
});

/**
 * A flag counts more than the configuration, wherever it is from: KUBELET_EXTRA_ARGS, a drop-in of systemd or
 * kubeadm-flags.env. A kubelet that does not run has only its configuration.
 */
function byKubelets(folders: NodeFolders, proc?: string): Named[] {
  const running = argumentsOf('kubelet', folders, undefined, proc);
  return (running.length === 0 ? [[]] : running).flatMap((args) => {
    const file = flagIn(args, 'client-ca-file');
    if (file === undefined) return byConfiguration(flagIn(args, 'config') ?? usualFile(folders));
    const words = '--client-ca-file of the running kubelet';
    return file.startsWith('/') ? [{ by: file, words, file }] : [];
  });
}

/** The last one counts (spf13/pflag). */
function flagIn(args: readonly string[], flag: string): string | undefined {
  const values = args.flatMap((arg, i) => {
    if (arg === `--${flag}`) return args[i + 1] ?? [];
    return arg.startsWith(`--${flag}=`) ? arg.slice(flag.length + 3) : [];
  });
  return values.at(-1);
}

/** Beside the folder of the kubelet's certificates. */
const usualFile = ({ kubeletDir }: NodeFolders): string | undefined =>
  kubeletDir && join(dirname(kubeletDir), 'config.yaml');

/** KubeletConfiguration (k8s.io/kubelet config/v1beta1). */
function byConfiguration(by: string | undefined): Named[] {
  if (by === undefined) return [];
  try {
    const { authentication } = kubeletSchema.parse(parseYaml(readTextIfThere(by) ?? ''));
    const file = authentication.x509.clientCAFile;
    return file.startsWith('/') ? [{ by, words: 'authentication.x509.clientCAFile', file }] : [];
  } catch {
    return []; // the kubelet does not run with it, or authenticates no client by certificate
  }
}
