/**
 * Which CA certificates a node believes: those in its CA files (pki/ca.crt …). What the service publishes is compared
 * with them, and taken over only when somebody said so.
 */
import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { CommandError, EXIT } from '../../exit-codes.ts';
import { caFileOf, type NodeFolders } from '../places.ts';
import type { CertificateInPlace } from '../read-place.ts';
import { currentContent } from './file-change.ts';
import { fingerprints } from './plan.ts';

export interface Trust {
  /** What certificates of a CA must lead to. */
  readonly bundles: ReadonlyMap<CaName, string>;
  /** CA files that become new, by path; empty unless that was accepted. */
  readonly caFiles: ReadonlyMap<string, string>;
  /** How the service's bundles differ from the files. */
  readonly differences: readonly string[];
}

export function decideTrust(
  folders: NodeFolders,
  published: ReadonlyMap<CaName, string>,
  acceptChange: boolean,
): Trust {
  const bundles = new Map<CaName, string>();
  const caFiles = new Map<string, string>();
  const differences: string[] = [];
  for (const [ca, theirs] of published) {
    const file = caFileOf(ca, folders);
    const ours = currentContent(file, false) ?? '';
    const found = compare(file, ours, theirs);
    differences.push(...found);
    if (found.length > 0 && acceptChange) caFiles.set(file, theirs);
    bundles.set(ca, found.length > 0 && acceptChange ? theirs : ours);
  }
  return { bundles, caFiles, differences };
}

function compare(file: string, ours: string, theirs: string): string[] {
  const [here, there] = [fingerprints(ours), fingerprints(theirs)];
  const lines = [
    ...there
      .filter((print) => !here.includes(print))
      .map((print) => `${file} would get ${describe(theirs, print)}`),
    ...here
      .filter((print) => !there.includes(print))
      .map((print) => `${file} would lose ${describe(ours, print)}`),
  ];
  // kubeadm validates with the first certificate of the file
  if (lines.length === 0 && here[0] !== there[0])
    return [`${file} would start with ${describe(theirs, there[0] ?? '')}`];
  return lines;
}

function describe(pem: string, fingerprint: string): string {
  const found = certificatesIn(pem)
    .map((block) => new X509Certificate(block))
    .find((certificate) => certificate.fingerprint256 === fingerprint);
  const subject = found?.subject.replaceAll('\n', ', ') ?? '';
  const short = fingerprint.replaceAll(':', '').toLowerCase().slice(0, 16);
  return `${subject} until ${found?.validTo} (SHA-256 ${short}…)`;
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
    EXIT.checkFailed,
    `nothing was changed: with the new CA files ${lost.map(({ name }) => name).join(', ')} would not be trusted any more`,
    'renew them in the same run (cakeless renew all), or publish a bundle that holds both CAs',
  );
}

function leadsTo(leaf: X509Certificate, bundle: string): boolean {
  return certificatesIn(bundle)
    .map((block) => new X509Certificate(block))
    .some((anchor) => leaf.checkIssued(anchor) && leaf.verify(anchor.publicKey));
}
