/** What speaks against putting back what an installation replaced: somebody would lose work, or a certificate its use. */
import { X509Certificate } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
import { readKubeconfig } from '../disk/kubeconfig.ts';
import { caFileOf, type NodeFolders, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { leadsTo } from '../trust/ca-change.ts';
import { contentOf, type Installation } from './installation.ts';

/**
 * @param later installations made after it that were not undone
 * @returns all reasons, in words
 */
export function findObjections(
  installation: Installation,
  later: readonly Installation[],
  folders: NodeFolders,
  now: Date,
): string[] {
  const coming = certificatesComing(installation, folders);
  const bundleOf = (ca: CaName) => bundleAfter(installation, caFileOf(ca, folders));
  return [
    ...installation.journal.changes.flatMap((change) => findEdit(change, later)),
    ...coming
      .filter(({ leaf }) => Date.parse(leaf.validTo) < now.getTime())
      .map(({ file, leaf }) => `${file}: the old certificate ended on ${leaf.validTo}`),
    ...coming
      .filter(({ ca, leaf }) => isOrphan(leaf, bundleOf(ca)))
      .map(
        ({ file, ca }) => `${file}: no CA in ${caFileOf(ca, folders)} signed the old certificate`,
      ),
    ...certificatesStaying(installation, folders)
      .filter(
        ({ ca, leaf }) =>
          isOrphan(leaf, bundleOf(ca)) && !isOrphan(leaf, readCa(caFileOf(ca, folders))),
      )
      .map(
        ({ file, ca }) =>
          `${file}: stays, and no CA in the old ${caFileOf(ca, folders)} signed its certificate`,
      ),
  ];
}

/** What stands there is neither what the installation wrote nor what it would put back. */
function findEdit(
  { path, isLink, before, after }: RecordedChange,
  later: readonly Installation[],
): string[] {
  const bytes = currentBytes(path, isLink);
  const digest = bytes === undefined ? null : digestOf(bytes);
  if (digest === after || digest === before) return [];
  if (digest === null) return [`${path}: somebody removed it since`];
  const writer = later.find(({ journal }) =>
    journal.changes.some((change) => change.path === path && change.after === digest),
  );
  return writer
    ? [
        `${path}: installation ${writer.journal.id} wrote it again, which would have to go back first`,
      ]
    : [`${path}: somebody changed it since`];
}

interface CertificateOf {
  readonly file: string;
  readonly ca: CaName;
  readonly leaf: X509Certificate;
}

/** The certificates that would be put back; copies of kubeconfigs, too. */
function certificatesComing(installation: Installation, folders: NodeFolders): CertificateOf[] {
  const caFiles = CA_NAMES.map((ca) => pathOf(caFileOf(ca, folders)));
  const known = placesOf(folders);
  return installation.journal.changes
    .filter(({ path }) => !caFiles.includes(path))
    .flatMap((change) => {
      const leaf = leafIn(change.path, oldText(installation, change) ?? '');
      // whatever is no pair of files is a client's, of the cluster's CA
      const ca = known.find(({ paths }) => paths.includes(change.path))?.ca ?? 'ca';
      return leaf ? [{ file: change.path, ca, leaf }] : [];
    });
}

/** The certificates of the node that the installation has not changed. */
function certificatesStaying({ journal }: Installation, folders: NodeFolders): CertificateOf[] {
  const changed = journal.changes.map(({ path }) => path);
  return placesOf(folders).flatMap(({ file, ca, paths, leaf }) =>
    paths.some((path) => changed.includes(path)) ? [] : [{ file, ca, leaf }],
  );
}

/** The certificates in place, with the paths by which a change may name their file. */
function placesOf(folders: NodeFolders) {
  return CERTIFICATE_NAMES.flatMap((name) => {
    const place = readPlace(placeOf(name, folders));
    if (place.state !== 'present') return [];
    const file = place.certificateFile;
    const beside = join(realpathSync(dirname(file)), basename(file));
    return [{ file, ca: profileOf(name).ca, leaf: place.leaf, paths: [pathOf(file), beside] }];
  });
}

function oldText(installation: Installation, change: RecordedChange): string | undefined {
  const bytes = contentOf(installation, change, 'old');
  if (!bytes) return undefined;
  return change.isLink ? currentContent(bytes.toString(), false) : textOf(bytes);
}

/** Of a PEM file or a kubeconfig; undefined for a key, or what can't be read. */
function leafIn(path: string, text: string): X509Certificate | undefined {
  try {
    const [first] = certificatesIn(text);
    if (first !== undefined) return new X509Certificate(first);
    const { certificate } = readKubeconfig(text, dirname(path));
    const [embedded] = certificate && 'pem' in certificate ? certificatesIn(certificate.pem) : [];
    return embedded === undefined ? undefined : new X509Certificate(embedded);
  } catch {
    return undefined;
  }
}

function bundleAfter(installation: Installation, file: string): string | undefined {
  const change = installation.journal.changes.find(({ path }) => path === pathOf(file));
  return change ? oldText(installation, change) : readCa(file);
}

const readCa = (file: string) => currentContent(file, false);

/** Without a CA file nobody can say. */
function isOrphan(leaf: X509Certificate, bundle: string | undefined): boolean {
  return bundle !== undefined && !leadsTo(leaf, bundle);
}

/** As a change names a file. */
function pathOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file; // it is not there
  }
}
