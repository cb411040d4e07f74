/**
 * Which CA certificates a node believes: those in its CA files (pki/ca.crt …). What the service publishes is compared
 * with them, and taken over only when somebody said so, and said which (decision 0035).
 */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import { currentContent } from '../disk/file-change.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import type { CertificateInPlace } from '../disk/read-place.ts';
import { fingerprints } from '../install/plan.ts';
import { type CaHashes, formatCaCertHash, hashOf } from './ca-cert-hash.ts';
import type { PublishedBundle } from './read-bundle.ts';

export interface Trust {
  /** What certificates of a CA must lead to. */
  readonly bundles: ReadonlyMap<CaName, string>;
  /** CA files that become new, by path; empty unless that was accepted. */
  readonly caFiles: ReadonlyMap<string, string>;
  /** How the service's bundles differ from the files. */
  readonly differences: readonly string[];
  /** The same, once `caFiles` are in place. */
  readonly changes: readonly string[];
  /** Of which CAs they differ, or can't be taken. */
  readonly differing: ReadonlySet<CaName>;
}

export interface CaChangeWish {
  readonly accept: boolean;
  /** What vouches for CA certificates that a file does not hold yet. */
  readonly hashes: CaHashes;
}

/** @throws CommandError if a change is to be accepted that nothing vouches for, or that can't be read */
export function decideTrust(
  folders: NodeFolders,
  published: ReadonlyMap<CaName, PublishedBundle>,
  { accept, hashes }: CaChangeWish,
): Trust {
  const bundles = new Map<CaName, string>();
  const caFiles = new Map<string, string>();
  const differences: string[] = [];
  const changes: string[] = [];
  const differing = new Set<CaName>();
  const against: string[] = [];
  for (const [ca, theirs] of published) {
    const file = caFileOf(ca, folders);
    const ours = currentContent(file, false) ?? '';
    const found = compare(ca, file, ours, theirs, WOULD);
    differences.push(...found);
    changes.push(...compare(ca, file, ours, theirs, DID));
    if (found.length > 0) differing.add(ca);
    const takes = accept && found.length > 0 && 'pem' in theirs;
    if (takes) caFiles.set(file, theirs.pem);
    bundles.set(ca, takes ? theirs.pem : ours);
    if (accept) against.push(...findUnvouched(ca, file, ours, theirs, hashes));
  }
  if (against.length === 0) return { bundles, caFiles, differences, changes, differing };
  throw new CommandError(
    'check-failed',
    ['nothing was changed: --accept-ca-change is not enough for', ...against].join('\n  '),
    'compare the hashes with those of somebody who knows them, and give each as --ca-cert-hash',
  );
}

const WOULD = { get: 'would get', lose: 'would lose', start: 'would start' };
const DID = { get: 'got', lose: 'lost', start: 'starts now' };

function compare(
  ca: CaName,
  file: string,
  ours: string,
  theirs: PublishedBundle,
  words: typeof WOULD,
): string[] {
  if ('problem' in theirs) return [`${file} stays as it is: ${theirs.problem}`];
  const [here, there] = [fingerprints(ours), fingerprints(theirs.pem)];
  const lines = [
    ...gained(ours, theirs.pem).map((gain) => `${file} ${words.get} ${describe(ca, gain)}`),
    ...gained(theirs.pem, ours).map((loss) => `${file} ${words.lose} ${describe(ca, loss)}`),
  ];
  // kubeadm validates with the first certificate of the file
  const [first] = certificatesOf(theirs.pem);
  if (lines.length === 0 && first && here[0] !== there[0])
    return [`${file} ${words.start} with ${describe(ca, first)}`];
  return lines;
}

/** What a file only loses, or holds in another order, was believed before; what it gets must be known to somebody. */
function findUnvouched(
  ca: CaName,
  file: string,
  ours: string,
  theirs: PublishedBundle,
  hashes: CaHashes,
): string[] {
  if ('problem' in theirs) return [`${file}: ${theirs.problem}`];
  return gained(ours, theirs.pem)
    .filter((certificate) => !hashes[ca].includes(hashOf(certificate)))
    .map((certificate) => `${file}: ${describe(ca, certificate)}: no --ca-cert-hash is of its key`);
}

const certificatesOf = (pem: string) =>
  certificatesIn(pem).map((block) => new X509Certificate(block));

/** The certificates that one text holds beyond another. */
function gained(before: string, after: string): X509Certificate[] {
  const there = fingerprints(before);
  return certificatesOf(after).filter(({ fingerprint256 }) => !there.includes(fingerprint256));
}

function describe(ca: CaName, certificate: X509Certificate): string {
  const subject = certificate.subject.replaceAll('\n', ', ');
  return `${subject} until ${certificate.validTo} (${formatCaCertHash(ca, certificate)})`;
}

/**
 * Certificates that stay must lead to a CA file that changes, too.
 * @throws CommandError that names those that would not
 */
export function checkOthers(
  { caFiles }: Trust,
  folders: NodeFolders,
  staying: readonly CertificateInPlace[],
): void {
  const lost = staying.filter(({ name, leaf }) => {
    const bundle = caFiles.get(caFileOf(profileOf(name).ca, folders));
    return bundle !== undefined && !leadsTo(leaf, bundle);
  });
  if (lost.length === 0) return;
  throw new CommandError(
    'check-failed',
    `nothing was changed: with the new CA files ${lost.map(({ name }) => name).join(', ')} would not be trusted any more`,
    'renew them in the same run (cakeless renew all), or publish a bundle that holds both CAs',
  );
}

/** Whether one of the CA certificates of a PEM text signed it. */
export function leadsTo(leaf: X509Certificate, bundle: string): boolean {
  return certificatesOf(bundle).some(
    (anchor) => leaf.checkIssued(anchor) && leaf.verify(anchor.publicKey),
  );
}
