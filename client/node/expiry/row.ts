/** One certificate of a node in the inventory, and its checks. */

import type { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { AlternativeName } from '../../../lib/csr/alternative-names.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { readTextIfThere } from '../../read-text.ts';
import { whyNotOwn } from '../csr/pattern.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import type { Kubeconfig } from '../disk/kubeconfig.ts';
import { caPemOf } from '../disk/kubeconfig-ca.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { subjectUntil } from '../trust/above.ts';
import { isAboutChain, isAboutNames, problemsOf, type Wanted } from './certificate-problems.ts';

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
  /** What to do about each problem; the key is its text. */
  readonly advice?: ReadonlyMap<string, string>;
  /** If the kubelet has two client certificates: whether it uses this one. */
  readonly inUse?: boolean;
  /** Whether it is left to the kubelet's rotation: `cakeless renew all` does not replace it. */
  readonly kubeletRotates?: boolean;
}

export interface InventoryOptions extends NodeFolders {
  /** With an external etcd kubeadm has no etcd rows. */
  readonly externalEtcd: boolean;
  /** Names that a certificate must have. */
  readonly namesOf: (name: CertificateName) => readonly AlternativeName[];
  /** The node's name, if it is known: some certificates contain it. */
  readonly nodeName?: string | undefined;
  /** For a copy of the pki folder alone. */
  readonly pairsOnly?: boolean;
  readonly now: Date;
}

/** When an installed certificate expires, and what is wrong with it. */
export function present(
  { name, chain, leaf, problems, kubeconfig }: CertificateInPlace,
  options: InventoryOptions,
): Pick<Row, 'state' | 'notAfter' | 'problems' | 'advice'> {
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
  const foreign = guarded(() =>
    [whyNotOwn(name, leaf, options.nodeName)].flatMap((why) => why ?? []),
  );
  const own = guarded(() => problemsOf(chain, wanted, options.now));
  const ofServer = kubeconfig ? problemsOfServer(kubeconfig) : [];
  const ofCaData = kubeconfig
    ? guarded(() => problemsOfCaData(kubeconfig, trustBundle, caFile))
    : [];
  const byConfig = `it belongs to another node or has another purpose: move it away, and cakeless renew ${name} --config FILE requests the right one`;
  const again = `cakeless renew ${name} replaces it; or, if ${caFile} is an old one, cakeless renew all --dry-run shows those of the service`;
  return {
    state: 'present',
    notAfter: new Date(leaf.validTo),
    problems: [...problems, ...new Set([...foreign, ...own]), ...ofServer, ...ofCaData],
    advice: new Map([
      ...foreign.map((problem) => [problem, byConfig] as const),
      ...own.filter(isAboutChain).map((problem) => [problem, again] as const),
      ...own
        .filter(isAboutNames)
        .map((problem) => [problem, `cakeless renew ${name} --config FILE requests them`] as const),
      ...ofCaData.map(
        (problem) => [problem, `cakeless renew ${name} writes that of ${caFile}`] as const,
      ),
    ]),
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

/** kubeadm writes no such file. Its clients would reach no cluster, or anyone who pretends to be the cluster. */
function problemsOfServer({ server, missingCluster, isInsecure }: Kubeconfig): string[] {
  if (missingCluster !== undefined)
    return [`its current context names the cluster ${missingCluster}, which it does not contain`];
  return [
    ...(server ? [] : ['it names no server, so its user reaches no cluster']),
    ...(isInsecure
      ? ['it does not verify the API server (insecure-skip-tls-verify): remove that line']
      : []),
  ];
}

/** kubeadm compares the first certificate of a kubeconfig's CA data with ca.crt, but only in `init`. */
function problemsOfCaData(
  kubeconfig: NonNullable<CertificateInPlace['kubeconfig']>,
  trustBundle: string | undefined,
  caFile: string,
): string[] {
  if (!kubeconfig.certificateAuthority) return ['it names no certificate authority'];
  const text = caPemOf(kubeconfig);
  if (trustBundle === undefined) return [];
  const [known, own] = [parseCertificates(trustBundle), parseCertificates(text ?? '')];
  const lacks = without(known, own);
  if (lacks.length === known.length)
    return [`none of the certificate authorities in it is in ${caFile}`];
  const extra = without(own, known);
  // kubeadm itself writes only the first certificate of the file
  const isFirstOnly = own.length === 1 && own[0]?.fingerprint256 === known[0]?.fingerprint256;
  return [
    ...(lacks.length > 0 && !isFirstOnly
      ? [`its CA data lacks ${listed(lacks)} of ${caFile}`]
      : []),
    ...(extra.length > 0
      ? [`its CA data contains ${listed(extra)}, which ${caFile} does not`]
      : []),
  ];
}

const without = (list: readonly X509Certificate[], others: readonly X509Certificate[]) =>
  list.filter((one) => !others.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256));

const listed = (certificates: readonly X509Certificate[]) =>
  certificates.map(subjectUntil).join(' and ');

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
