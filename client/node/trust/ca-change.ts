/**
 * Which CA certificates a running node trusts: those in its CA files (pki/ca.crt …). What the service publishes is
 * compared with them, and replaces them only if a person accepts the change and names the keys (decision 0035), if a
 * rotation changes them, whose new CA the old one vouches for (decision 0061), or if it is their renewal with the same key.
 */

import type { X509Certificate } from 'node:crypto';
import {
  CA_NAMES,
  type CaName,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import { currentContent } from '../disk/file-change.ts';
import { fingerprintsOf, parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { findIssuersAmong, subjectOf, subjectUntil, WHY_NOT_ABOVE } from './above.ts';
import { accepts, type CaChangeOptions } from './accepted-change.ts';
import { type CaTexts, caFilesOf, whyNotKubeletCa } from './another-ca.ts';
import { formatCaCertHash, hashOf } from './ca-cert-hash.ts';
import type { Presented } from './path.ts';
import type { PublishedBundle } from './read-bundle.ts';
import { describeRenewed, mayStayInMemory, type RenewedFile, takeRenewed } from './renewed-ca.ts';
import { leadsTo } from './signer.ts';

export interface CaDecision {
  /** The CA certificates that must have signed a certificate, by CA. */
  readonly bundles: ReadonlyMap<CaName, string>;
  /** New contents of CA files, by path; empty unless the change was accepted, or certificates were renewed. */
  readonly caFiles: ReadonlyMap<string, string>;
  /** How the service's bundles differ from the CA files: what would change. Their order counts in `turn-bundles.ts`. */
  readonly differences: readonly string[];
  /** The same after `caFiles` have been installed: in the past tense what they changed. */
  readonly changes: readonly string[];
  /** CAs whose bundle differs, or cannot be used. */
  readonly differing: ReadonlySet<CaName>;
  /** CAs whose files only get renewed certificates, which no component has to read before its next start. */
  readonly onlyRenewed: ReadonlySet<CaName>;
}

/**
 * @throws CommandError if the change is accepted but adds a certificate without a hash, has an unusable bundle, or makes
 * another CA that of kubelets
 */
export function decideCaChange(
  folders: NodeFolders,
  published: ReadonlyMap<CaName, PublishedBundle>,
  options: CaChangeOptions,
  now: Date,
): CaDecision {
  const bundles = new Map<CaName, string>();
  const caFiles = new Map<string, string>();
  const differences: string[] = [];
  const changes: string[] = [];
  const differing = new Set<CaName>();
  const onlyRenewed = new Set<CaName>();
  const objections: string[] = [];
  for (const [ca, theirs] of published) {
    const file = caFileOf(ca, folders);
    const one = decideOne(ca, file, theirs, options, now);
    differences.push(...one.differences);
    changes.push(...one.changes);
    objections.push(...one.objections);
    if (one.isDiffering) differing.add(ca);
    if (one.mayStay) onlyRenewed.add(ca);
    if (one.isNew) caFiles.set(file, one.bundle);
    bundles.set(ca, one.bundle);
  }
  checkAbove(caFiles);
  checkKubeletCa(folders, caFiles);
  if (objections.length === 0)
    return { bundles, caFiles, differences, changes, differing, onlyRenewed };
  throw new CommandError(
    'check-failed',
    ['nothing was changed: --accept-ca-change also needs --ca-cert-hash for:', ...objections],
    'compare each hash with one from a trusted source, and give it as --ca-cert-hash',
  );
}

/**
 * A change that a person has accepted is what the service publishes; that of a rotation is what was judged for it; a renewed
 * certificate needs neither.
 */
function decideOne(
  ca: CaName,
  file: string,
  theirs: PublishedBundle,
  options: CaChangeOptions,
  now: Date,
) {
  const accept = accepts(options, ca);
  const rotated = options.rotated?.get(ca);
  const renewed = renewedBy(theirs, currentContent(file, false) ?? '', now);
  const ours = renewed.pem;
  const next: PublishedBundle =
    accept || !rotated ? theirs : { pem: renewedBy(theirs, rotated.bundle, now).pem };
  const found = describeDifferences(ca, file, ours, next, WOULD);
  const takes = (accept || rotated !== undefined) && found.length > 0 && 'pem' in next;
  const isRenewed = renewed.replaced.length > 0;
  const mayStay = !takes && isRenewed && mayStayInMemory(renewed, now);
  const pinned = [...options.hashes[ca], ...(rotated?.keys ?? [])];
  return {
    bundle: takes ? next.pem : ours,
    isNew: takes || isRenewed,
    isDiffering: describeDifferences(ca, file, ours, theirs, WOULD).length > 0,
    mayStay,
    differences: [...describeRenewed(file, renewed, WOULD.get, mayStay), ...found],
    changes: [
      ...describeRenewed(file, renewed, DID.get, mayStay),
      ...describeDifferences(ca, file, ours, next, takes ? DID : WOULD),
    ],
    objections: accept ? findUnpinned(ca, file, ours, theirs, pinned) : [],
  };
}

const renewedBy = (theirs: PublishedBundle, ours: string, now: Date): RenewedFile =>
  'pem' in theirs ? takeRenewed(ours, theirs, now) : { pem: ours, replaced: [] };

/** A hash of the root may be given for its CA: then the bucket may have added the root to the CA. */
function checkAbove(caFiles: ReadonlyMap<string, string>): void {
  const problems = [...caFiles].flatMap(([file, pem]) => {
    const ours = currentContent(file, false) ?? '';
    const before = fingerprintsOf(ours);
    return findIssuersAmong(parseCertificates(pem), parseCertificates(ours))
      .filter(({ fingerprint256 }) => !before.includes(fingerprint256))
      .map((one) => `${file} would contain ${subjectOf(one)}, which is above the CA`);
  });
  if (problems.length === 0) return;
  throw new CommandError(
    'check-failed',
    [`nothing was changed: ${WHY_NOT_ABOVE}:`, ...problems],
    'give the hash of a root as --ca-cert-hash root=sha256:HEX, and have operators check what the service publishes',
  );
}

/** A hash may be given for the wrong CA: then it vouches for whatever the bucket has in the other's place. */
function checkKubeletCa(folders: NodeFolders, caFiles: ReadonlyMap<string, string>): void {
  if (caFiles.size === 0) return;
  const before = caFilesOf(folders);
  const changed = CA_NAMES.flatMap((ca) => {
    const text = caFiles.get(caFileOf(ca, folders));
    return text === undefined ? [] : [[ca, text] as const];
  });
  const problem = problemOfKubeletCa(new Map([...before, ...changed]));
  if (problem === undefined || problem === problemOfKubeletCa(before)) return;
  throw new CommandError(
    'check-failed',
    `nothing was changed: ${caFileOf('kubelet-ca', folders)} would contain a certificate that ${problem}`,
    'compare the hashes with those that operators see (cakeless trust-domain show NAME): each belongs to one CA',
  );
}

function problemOfKubeletCa(texts: CaTexts): string | undefined {
  const text = texts.get('kubelet-ca');
  const others = [...texts].filter(([ca]) => ca !== 'kubelet-ca');
  return text === undefined ? undefined : whyNotKubeletCa(text, new Map(others));
}

export const WOULD = { get: 'would get', lose: 'would lose', start: 'would start with' };
export const DID = { get: 'got', lose: 'lost', start: 'now starts with' };

export const describeTurn = (
  ca: CaName,
  file: string,
  first: X509Certificate,
  words: typeof WOULD,
): string => `${file} ${words.start} ${describe(ca, first)}`;

function describeDifferences(
  ca: CaName,
  file: string,
  ours: string,
  theirs: PublishedBundle,
  words: typeof WOULD,
): string[] {
  if ('problem' in theirs) return [`${file} stays as it is: ${theirs.problem}`];
  return [
    ...gained(ours, theirs.pem).map((gain) => `${file} ${words.get} ${describe(ca, gain)}`),
    ...gained(theirs.pem, ours).map((loss) => `${file} ${words.lose} ${describe(ca, loss)}`),
  ];
}

/** Certificates that a file loses were trusted before; each certificate that it gains needs a hash, or a voucher. */
function findUnpinned(
  ca: CaName,
  file: string,
  ours: string,
  theirs: PublishedBundle,
  pinned: readonly string[],
): string[] {
  if ('problem' in theirs) return [`${file}: ${theirs.problem}`];
  return gained(ours, theirs.pem)
    .filter((certificate) => !pinned.includes(hashOf(certificate)))
    .map(
      (certificate) => `${file}: ${describe(ca, certificate)}: no --ca-cert-hash matches its key`,
    );
}

/** The certificates that are only in the second text. */
function gained(before: string, after: string): X509Certificate[] {
  const known = fingerprintsOf(before);
  return parseCertificates(after).filter(({ fingerprint256 }) => !known.includes(fingerprint256));
}

const describe = (ca: CaName, certificate: X509Certificate): string =>
  `${subjectUntil(certificate)} (${formatCaCertHash(ca, certificate)})`;

/** The CAs whose files get certificates that the components which read them at the start have to read now. */
export const casOfFiles = (
  { caFiles, onlyRenewed }: Pick<CaDecision, 'caFiles' | 'onlyRenewed'>,
  folders: NodeFolders,
): CaName[] => CA_NAMES.filter((ca) => caFiles.has(caFileOf(ca, folders)) && !onlyRenewed.has(ca));

/** A certificate of this node that a run does not replace. */
export interface StayingCertificate {
  readonly name: CertificateName;
  readonly chain: Presented;
}

/**
 * A CA file that changes must still contain the CA of every certificate that stays.
 * @param waiting names whose new certificates wait for an approver
 * @throws CommandError that names those that would lose their CA
 */
export function checkStayingCertificates(
  { caFiles }: Pick<CaDecision, 'caFiles'>,
  folders: NodeFolders,
  staying: readonly StayingCertificate[],
  waiting: readonly CertificateName[] = [],
): void {
  const lost = staying.filter(({ name, chain }) => {
    const bundle = caFiles.get(caFileOf(profileOf(name).ca, folders));
    return bundle !== undefined && !leadsTo(chain, bundle);
  });
  if (lost.length === 0) return;
  const names = [...new Set(lost.map(({ name }) => name))];
  const waits = names.filter((name) => waiting.includes(name));
  const others = names.filter((name) => !waiting.includes(name));
  throw new CommandError(
    'check-failed',
    `nothing was changed: with the new CA files ${names.join(', ')} would no longer be trusted`,
    [
      ...(waits.length > 0
        ? [
            `have ${waits.join(', ')} approved (cakeless pending lists the request), then run the same command again`,
          ]
        : []),
      ...(others.length > 0
        ? ['renew them in the same run (cakeless renew all), or publish a bundle with both CAs']
        : []),
    ].join('; '),
  );
}
