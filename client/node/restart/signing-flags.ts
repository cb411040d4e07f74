/**
 * Whether the kube-controller-manager of a node signs CertificateSigningRequests: its csrsigning controller runs if it
 * has files to sign with (cmd/kube-controller-manager/app/certificates.go). In external-CA mode kubeadm leaves both flags
 * empty.
 */
import type { NodeFolders } from '../disk/places.ts';
import { type Manifest, readManifest } from './manifest.ts';

export interface SigningFlag {
  /** Without dashes: `cluster-signing-key-file`. */
  readonly name: string;
  readonly value: string;
}

export interface SigningFlags {
  readonly file: string;
  /** The flags that have a value, in the order of the manifest. */
  readonly flags: readonly SigningFlag[];
  /** Whether the controller runs with them: `--controllers` may turn it off. */
  readonly signs: boolean;
}

/** For all signers, and for each of them (pkg/controller/certificates/signer/config, CSRSigningController). */
const SIGNING_FLAG =
  /^cluster-signing-(?:(?:kubelet-serving|kubelet-client|kube-apiserver-client|legacy-unknown)-)?(?:cert|key)-file$/;

export const isSigningFlag = (name: string) => SIGNING_FLAG.test(name);

/** kube-controller-manager takes `_` for `-` in the names of flags (component-base cli/flag: WordSepNormalizeFunc). */
export const normalFlag = (name: string) => name.replaceAll('_', '-');

/** undefined if the node has no manifest of kube-controller-manager. */
export function signingFlags(folders: NodeFolders): SigningFlags | undefined {
  const manifest = readManifest('kube-controller-manager', folders);
  if (!manifest) return undefined;
  const flags = [...signingFlagsIn(manifest.words)]
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ({ name, value }));
  return { file: manifest.file, flags, signs: flags.length > 0 && runsCsrsigning(manifest) };
}

/** With their values: the last one counts, as in pflag. Words of a shell's script count, too. */
export function signingFlagsIn(words: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const parts = words.flatMap((word) => (word.startsWith('--') ? [word] : word.split(/[\s"']+/)));
  parts.forEach((word, i) => {
    const [, name = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    // pflag takes the value of a flag without `=` from the next argument
    if (isSigningFlag(normalFlag(name))) found.set(normalFlag(name), value ?? parts[i + 1] ?? '');
  });
  return found;
}

/** `--controllers=*,-csrsigning`; since 1.28 also `-certificatesigningrequest-signing-controller`. */
function runsCsrsigning({ flags }: Manifest): boolean {
  const controllers = flags.get('controllers')?.split(',') ?? [];
  return !controllers.some((one) =>
    ['-csrsigning', '-certificatesigningrequest-signing-controller'].includes(one.trim()),
  );
}
