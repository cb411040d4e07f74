/** One certificate of a node in the inventory, and its checks. */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { AlternativeName } from '../../../lib/csr/alternative-names.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readTextIfThere } from '../../read-text.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { problemsOf, type Wanted } from './certificate-problems.ts';

export interface Row {
  readonly name: string;
  /** The file that contains the certificate. */
  readonly file: string;
  readonly state: 'present' | 'missing' | 'broken';
  readonly notAfter: Date | undefined;
  /** The CA that should have signed it; undefined for CAs, and for the kubelet's self-signed certificate. */
  readonly caName: CaName | undefined;
  /** Whether the key of its CA is not on this node. */
  readonly externallyManaged: boolean;
  /** Problems other than its age, as text. */
  readonly problems: readonly string[];
  /** If the kubelet has two client certificates: whether it uses this one. */
  readonly inUse?: boolean;
}

export interface InventoryOptions extends NodeFolders {
  /** With an external etcd kubeadm has no etcd rows. */
  readonly externalEtcd: boolean;
  /** Names that a certificate must have. */
  readonly namesOf: (name: CertificateName) => readonly AlternativeName[];
  /** The node's name, if it is known: some certificates contain it. */
  readonly nodeName?: string | undefined;
  readonly now: Date;
}

/** When an installed certificate expires, and what is wrong with it. */
export function present(
  { name, chain, leaf, problems, kubeconfig }: CertificateInPlace,
  options: InventoryOptions,
): Pick<Row, 'state' | 'notAfter' | 'problems'> {
  const profile = profileOf(name);
  const caFile = caFileOf(profile.ca, options);
  const trustBundle = readCaText(caFile);
  const wanted: Wanted = {
    ...profile,
    commonName: profile.commonName.replace('{node}', options.nodeName ?? '{node}'),
    organizations: profile.organizations.flatMap(({ accepted }) => accepted),
    names: options.namesOf(name),
    trustBundle,
    caFile,
  };
  return {
    state: 'present',
    notAfter: new Date(leaf.validTo),
    problems: [
      ...problems,
      ...guarded(() => problemsOf(chain, wanted, options.now)),
      ...(kubeconfig ? guarded(() => problemsOfCaData(kubeconfig, trustBundle, caFile)) : []),
    ],
  };
}

/** undefined if it is missing or cannot be read: the row of the CA says which. */
export function readCaText(caFile: string): string | undefined {
  try {
    return readTextIfThere(caFile);
  } catch {
    return undefined;
  }
}

/** kubeadm compares the first certificate of a kubeconfig's CA data with ca.crt, but only in `init`. */
function problemsOfCaData(
  { certificateAuthority }: NonNullable<CertificateInPlace['kubeconfig']>,
  trustBundle: string | undefined,
  caFile: string,
): string[] {
  if (!certificateAuthority) return ['it names no certificate authority'];
  const text =
    'pem' in certificateAuthority
      ? certificateAuthority.pem
      : readTextIfThere(certificateAuthority.file);
  const known = certificatesIn(trustBundle ?? '').map(fingerprint);
  if (
    trustBundle === undefined ||
    certificatesIn(text ?? '').some((c) => known.includes(fingerprint(c)))
  )
    return [];
  return [`none of the certificate authorities in it is in ${caFile}`];
}

const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;

/** kubeadm's externallyManaged: the CA's key is not next to its certificate (phases/certs: UsingExternalCA …). */
export function isExternal(ca: CaName, options: InventoryOptions): boolean {
  return !existsSync(caFileOf(ca, options).replace(/\.crt$/, '.key'));
}

export function guarded(judge: () => string[]): string[] {
  try {
    return judge();
  } catch (error) {
    return [`it cannot be checked: ${messageOf(error)}`];
  }
}

export const messageOf = (error: unknown) =>
  error instanceof Error ? error.message : String(error);
