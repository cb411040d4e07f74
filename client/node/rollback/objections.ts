/**
 * Reasons not to restore the old files of an installation: someone's edits would be lost, or a certificate would be
 * invalid.
 */

import type { X509Certificate } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isoDate } from '../../../lib/certificate/iso-date.ts';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import {
  CA_NAMES,
  type CaName,
  CERTIFICATE_NAMES,
} from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { textOf } from '../../read-text.ts';
import {
  currentBytes,
  currentContent,
  digestOf,
  type RecordedChange,
} from '../disk/file-change.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { readIssuedServing } from '../disk/issued-serving.ts';
import { readKubeconfig } from '../disk/kubeconfig.ts';
import { caChainFileOf, caFileOf, type NodeFolders, placeOf, stateDirOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { resolvedPath } from '../disk/resolved-path.ts';
import { contentOf, type Installation, type RecordedInstallation } from '../install/journal.ts';
import { kubeletAuthorityFile } from '../restart/kubelet-authority.ts';
import { rootCaFile } from '../restart/root-ca-file.ts';
import { hasKey, keyOf } from '../rotation/versions.ts';
import { type RotationMemory, recallRotation } from '../state/rotation-memory.ts';
import { subjectUntil } from '../trust/above.ts';
import { type ReachApiServer, reachBeside, whyLost } from '../trust/api-server.ts';
import { type Chain, chainOf } from '../trust/path.ts';
import { leadsTo } from '../trust/signer.ts';

/**
 * @param later newer installations that were not undone
 * @returns all objections, as text
 */
export function findObjections(
  installation: Installation,
  later: readonly RecordedInstallation[],
  folders: NodeFolders,
  now: Date,
): string[] {
  const restored = restoredCertificates(installation, folders);
  const bundleOf = (ca: CaName) => bundleAfter(installation, caFileOf(ca, folders));
  return [
    ...installation.changes.flatMap((change) => findEdit(change, later)),
    ...restored
      .filter(({ chain: [leaf] }) => Date.parse(leaf.validTo) < now.getTime())
      .map(
        ({ file, chain: [leaf] }) =>
          `${file}: the old certificate expired at ${isoDate(leaf.validTo)}`,
      ),
    ...restored
      .filter(({ ca, chain }) => isOrphan(chain, bundleOf(ca)))
      .map(
        ({ file, ca }) => `${file}: no CA in ${caFileOf(ca, folders)} signed the old certificate`,
      ),
    ...stayingCertificates(installation, folders)
      .filter(
        ({ ca, chain }) =>
          isOrphan(chain, bundleOf(ca)) && !isOrphan(chain, readCa(caFileOf(ca, folders))),
      )
      .map(
        ({ file, ca }) =>
          `${file}: would stay, but no CA in the old ${caFileOf(ca, folders)} signed its certificate`,
      ),
    ...findLostAuthority(installation, folders),
    ...findLostRootCa(installation, folders),
    ...findRetired(installation, recallRotation(stateDirOf(folders))),
  ];
}

/**
 * Why the kubelet of this node would no longer verify the API server: the old CA file may lack the CA of a certificate
 * that is newer.
 */
export async function findLostApiServer(
  installation: Installation,
  folders: NodeFolders,
  reach: ReachApiServer,
): Promise<string[]> {
  const file = caFileOf('ca', folders);
  const before = readCa(file);
  const after = bundleAfter(installation, file);
  if (before === undefined || after === undefined) return [];
  const beside = reachBeside(reach, folders, installation.journal.names);
  const why = await whyLost(beside, before, after);
  return why === undefined
    ? []
    : [`${file}: the kubelet would no longer verify the API server with the old one: ${why}`];
}

/** An API server that verifies kubelets does not start without its CA file, and reaches no kubelet with a wrong one. */
function findLostAuthority(installation: Installation, folders: NodeFolders): string[] {
  const file = kubeletAuthorityFile(folders);
  const change = installation.changes.find(({ path }) => path === file);
  if (file === undefined || !change) return [];
  const old = oldText(installation, change);
  if (old === undefined)
    return [`${file}: would be removed, but kube-apiserver does not start without it`];
  const serving = chainOf(readIssuedServing(folders));
  const isLost = serving && isOrphan(serving, old) && !isOrphan(serving, readCa(file));
  return isLost
    ? [`${file}: kube-apiserver would no longer verify the kubelet of this node with the old one`]
    : [];
}

/** A controller manager does not start without what it publishes to pods. */
function findLostRootCa(installation: Installation, folders: NodeFolders): string[] {
  const file = rootCaFile(folders);
  const change = installation.changes.find(({ path }) => path === file);
  return change && oldText(installation, change) === undefined
    ? [`${file}: would be removed, but kube-controller-manager does not start without it`]
    : [];
}

/** CA files and kubeconfigs that would trust a CA again that a rotation has retired: its key may have been stolen. */
function findRetired(installation: Installation, memory: RotationMemory | undefined): string[] {
  if (!memory || memory.gone.length === 0) return [];
  const gone = memory.gone.map(({ key }) => key);
  return installation.changes.flatMap((change) => {
    const now = casIn(change.path, currentText(change)).map(keyOf);
    return casIn(change.path, oldText(installation, change) ?? '')
      .filter((one) => hasKey(gone)(one) && !now.includes(keyOf(one)))
      .map(
        (one) =>
          `${change.path}: would get ${subjectUntil(one)} back, which a rotation of trust domain ${memory.trustDomain} has retired`,
      );
  });
}

const currentText = ({ path, isLink }: RecordedChange) =>
  isLink ? '' : (currentContent(path, false) ?? '');

/** The CA certificates of a CA file, or the CA data of a kubeconfig; empty for a file that cannot be read. */
function casIn(path: string, text: string): X509Certificate[] {
  try {
    const inFile = parseCertificates(text);
    if (inFile.length > 0) return inFile.filter(({ ca }) => ca);
    const { certificateAuthority } = readKubeconfig(text, dirname(path));
    return certificateAuthority && 'pem' in certificateAuthority
      ? parseCertificates(certificateAuthority.pem)
      : [];
  } catch {
    return [];
  }
}

/** The current content is neither what the installation wrote nor what would be restored. */
function findEdit(
  { file, path, isLink, before, after }: RecordedChange,
  later: readonly RecordedInstallation[],
): string[] {
  const bytes = currentBytes(path, isLink);
  const digest = bytes === undefined ? null : digestOf(bytes);
  if (digest === after || digest === before) return [];
  if (digest === null) return [`${path}: was removed since`];
  const writer = later.find(({ journal }) =>
    journal.changes.some((change) => change.file === file && change.after === digest),
  );
  return writer
    ? [`${path}: installation ${writer.journal.id} replaced it again; roll that one back first`]
    : [`${path}: was changed since`];
}

interface CertificateOf {
  readonly file: string;
  readonly ca: CaName;
  readonly chain: Chain;
}

/** The certificates that would be restored, including those in copies of kubeconfigs. */
function restoredCertificates(installation: Installation, folders: NodeFolders): CertificateOf[] {
  const caFiles = CA_NAMES.flatMap((ca) =>
    [caFileOf(ca, folders), caChainFileOf(ca, folders)].map(resolvedPath),
  );
  const known = placesOf(folders);
  return installation.changes
    .filter(({ path }) => !caFiles.includes(path))
    .flatMap((change) => {
      const chain = chainIn(change.path, oldText(installation, change) ?? '');
      // everything else is a copy of a kubeconfig, with a client certificate of the cluster's CA
      const ca = known.find(({ paths }) => paths.includes(change.path))?.ca ?? 'ca';
      return chain ? [{ file: change.path, ca, chain }] : [];
    });
}

/** The certificates of the node that the installation did not change. */
function stayingCertificates({ changes }: Installation, folders: NodeFolders): CertificateOf[] {
  const changed = changes.map(({ path }) => path);
  return placesOf(folders).flatMap(({ file, ca, paths, chain }) =>
    paths.some((path) => changed.includes(path)) ? [] : [{ file, ca, chain }],
  );
}

/** The current certificates, with the paths by which a change may name their file. */
function placesOf(folders: NodeFolders) {
  return CERTIFICATE_NAMES.flatMap((name) => {
    const place = readPlace(placeOf(name, folders));
    if (place.state !== 'present') return [];
    const file = place.certificateFile;
    const beside = join(realpathSync(dirname(file)), basename(file));
    const chain = chainOf(place.chain) ?? ([place.leaf] as const);
    return [{ file, ca: profileOf(name).ca, chain, paths: [resolvedPath(file), beside] }];
  });
}

function oldText(installation: Installation, change: RecordedChange): string | undefined {
  const bytes = contentOf(installation, change, 'old');
  if (!bytes) return undefined;
  return change.isLink ? currentContent(bytes.toString(), false) : textOf(bytes);
}

/** The certificates of a PEM file or a kubeconfig; undefined for a key, or if it cannot be read. */
function chainIn(path: string, text: string): Chain | undefined {
  try {
    const inFile = certificatesIn(text);
    if (inFile.length > 0) return chainOf(inFile);
    const { certificate } = readKubeconfig(text, dirname(path));
    return certificate && 'pem' in certificate
      ? chainOf(certificatesIn(certificate.pem))
      : undefined;
  } catch {
    return undefined;
  }
}

function bundleAfter(installation: Installation, file: string): string | undefined {
  const change = installation.changes.find(({ path }) => path === resolvedPath(file));
  return change ? oldText(installation, change) : readCa(file);
}

const readCa = (file: string) => currentContent(file, false);

/** Unknown without a CA file: then it does not count. */
function isOrphan(chain: Chain, bundle: string | undefined): boolean {
  return bundle !== undefined && !leadsTo(chain, bundle);
}
