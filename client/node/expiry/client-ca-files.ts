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
import { findIssuersAmong, MOST_CAS, subjectOf, WHY_NOT_ABOVE } from '../trust/above.ts';

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
): { readonly file: string; readonly warning: string }[] {
  const own = CA_NAMES.map((ca) => caFileOf(ca, folders));
  const isOwn = (file: string) => own.some((one) => resolvedPath(one) === resolvedPath(file));
  const cas = own.flatMap((file) => certificatesAt(file) ?? []);
  // a chain that a flag names is found by its path, and the CA files themselves have rows
  const named = [...byFlags(folders).filter(({ file }) => !isChainFile(file, folders))];
  return [...named, ...byKubelet(folders)]
    .filter(({ file }) => !isOwn(file))
    .flatMap((one) => {
      const certificates = certificatesAt(one.file) ?? [];
      if (certificates.length > MOST_CAS)
        return [{ file: one.by, warning: `${describe(one)} ${tooMany(certificates.length)}` }];
      return findIssuersAmong(certificates, cas).map((above) => ({
        file: one.by,
        warning: `${describe(one)} contains ${subjectOf(above)}, which is above the CA, or may be: ${WHY_NOT_ABOVE}; name the CA file`,
      }));
    });
}

const describe = ({ words, file }: Named) => `${words} names ${file}, which`;
const tooMany = (count: number) =>
  `has ${count} certificates; more than ${MOST_CAS} are not examined`;

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

/** KubeletConfiguration (k8s.io/kubelet config/v1beta1), beside the folder of the kubelet's certificates. */
function byKubelet({ kubeletDir }: NodeFolders): Named[] {
  if (kubeletDir === undefined) return [];
  const by = join(dirname(kubeletDir), 'config.yaml');
  try {
    const { authentication } = kubeletSchema.parse(parseYaml(readTextIfThere(by) ?? ''));
    const file = authentication.x509.clientCAFile;
    return file.startsWith('/') ? [{ by, words: 'authentication.x509.clientCAFile', file }] : [];
  } catch {
    return []; // the kubelet does not run with it, or authenticates no client by certificate
  }
}
