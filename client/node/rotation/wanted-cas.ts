/**
 * What a rotation changes in the CA files of a node: a new CA that the old one vouches for, an old CA that this node
 * restores, and a CA that is dropped because nothing on the node needs it any more. What is published proves none of this,
 * so each change is checked against what the node already has.
 */
import type { X509Certificate } from 'node:crypto';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import { parseCertificates, sha256Of } from '../disk/fingerprints.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { isSelfSigned, subjectUntil } from '../trust/above.ts';
import type { RotatedCa } from '../trust/accepted-change.ts';
import { caOfSubject } from '../trust/another-ca.ts';
import { formatCaCertHash } from '../trust/ca-cert-hash.ts';
import { findPath, type Presented } from '../trust/path.ts';
import type { PublishedBundle } from '../trust/read-bundle.ts';
import type { FollowedRotation } from './follow.ts';
import { goneKeys, hasKey, keyOf, readCaFile } from './versions.ts';
import { REFUSALS, vouchesFor } from './voucher.ts';
import { type Vouchers, vouchersOf } from './vouchers.ts';

/** A certificate that this node keeps, or that one of its components serves. */
export interface KeptCertificate {
  /** What a person calls it. */
  readonly what: string;
  readonly ca: CaName;
  readonly chain: Presented;
  /** Whether a component works with it, not only a person. */
  readonly isOfComponent: boolean;
}

export interface WantedCas {
  /** CAs whose files change. */
  readonly rotated: ReadonlyMap<CaName, RotatedCa>;
  /** Why this node does not do what the rotation requires, each in a sentence. */
  readonly refused: readonly { readonly ca: CaName; readonly why: string }[];
  /** CAs that it drops, by their keys. */
  readonly dropped: readonly {
    readonly ca: CaName;
    readonly key: string;
    /** Of the certificate. */
    readonly sha256: string;
  }[];
}

/** CAs of which the file of this node may have to change: only their bundles have to be read. */
export function casToFollow(
  followed: FollowedRotation | undefined,
  folders: NodeFolders,
): readonly CaName[] {
  if (!followed) return [];
  return CA_NAMES.filter((ca) => {
    const ours = readCaFile(ca, folders) ?? [];
    if (ours.length === 0) return false;
    const { rotation } = followed.published;
    const lacksNew = rotation?.ca === ca && !ours.some(hasKey([rotation.to.publicKeySha256]));
    const returned = returningKeys(ca, followed);
    const lacksReturned = returned.length > 0 && !ours.some(hasKey(returned));
    return lacksNew || lacksReturned || ours.some(hasKey(goneKeys(ca, followed)));
  });
}

export interface WantedInput {
  readonly followed: FollowedRotation;
  readonly folders: NodeFolders;
  readonly published: ReadonlyMap<CaName, PublishedBundle>;
  readonly now: Date;
  /** Certificates that the node has afterwards; without them nothing is dropped. */
  readonly kept?: readonly KeptCertificate[];
  /** Why the API server of this node would no longer be verified with these certificates alone. */
  readonly whyLost?: (ca: CaName, before: string, after: string) => Promise<string | undefined>;
}

export async function wantedCas(input: WantedInput): Promise<WantedCas> {
  const rotated = new Map<CaName, RotatedCa>();
  const refused: { ca: CaName; why: string }[] = [];
  const dropped: WantedCas['dropped'][number][] = [];
  for (const ca of casToFollow(input.followed, input.folders)) {
    const refuse = (...sentences: readonly string[]) =>
      refused.push(...sentences.map((why) => ({ ca, why })));
    const ours = readCaFile(ca, input.folders) ?? [];
    const bundle = input.published.get(ca);
    const file = caFileOf(ca, input.folders);
    if (!bundle || 'problem' in bundle) {
      refuse(`${file} cannot follow the rotation: ${bundle?.problem ?? 'no bundle was read'}`);
      continue;
    }
    const theirs = parseCertificates(bundle.pem);
    const vouchers = vouchersOf(ca, ours, input.followed, input.now);
    const gained = gain(ca, ours, theirs, vouchers, input.followed);
    refuse(...explainRefusal(ca, file, [...ours, ...gained], theirs, vouchers, input));
    const after = await drop(ca, file, [...ours, ...gained], theirs, input);
    refuse(...after.refused);
    dropped.push(
      ...after.dropped.map((one) => ({ ca, key: keyOf(one) ?? '', sha256: sha256Of(one) })),
    );
    if (gained.length > 0 || after.dropped.length > 0)
      rotated.set(ca, {
        bundle: pemOf(after.left),
        keys: gained.flatMap((one) => keyOf(one) ?? []),
      });
  }
  return { rotated, refused, dropped };
}

const pemOf = (certificates: readonly X509Certificate[]) =>
  certificates.map(({ raw }) => certificateToPem(raw)).join('');

const isIn = (list: readonly X509Certificate[]) => (one: X509Certificate) =>
  list.some(({ fingerprint256 }) => fingerprint256 === one.fingerprint256);

/** Certificates of the bundle whose key is vouched for, and those that are restored. */
function gain(
  ca: CaName,
  ours: readonly X509Certificate[],
  theirs: readonly X509Certificate[],
  { accepted }: Vouchers,
  followed: FollowedRotation,
): X509Certificate[] {
  const returned = returningKeys(ca, followed);
  const gone = goneKeys(ca, followed);
  return theirs
    .filter((one) => !isIn(ours)(one) && !hasKey(gone)(one))
    .filter((one) => {
      const isVouched = accepted.some((voucher) => vouchesFor(voucher, one));
      return isVouched || (hasKey(returned)(one) && isDropped(ca, one, followed));
    });
}

/** The certificate that this node has dropped, or another one that the same key has signed. */
function isDropped(ca: CaName, one: X509Certificate, { memory }: FollowedRotation): boolean {
  const named = caOfSubject(one);
  const isKnown = memory.dropped.some(({ sha256 }) => sha256 === sha256Of(one));
  return (named === undefined || named === ca) && (isKnown || isSelfSigned(one));
}

/**
 * The old CA is restored only in the rotation in which this node dropped it, and only while that is neither over nor
 * compromised.
 */
function returningKeys(ca: CaName, { published: { rotation }, memory }: FollowedRotation) {
  if (rotation?.ca !== ca || rotation.phase === 'retire') return [];
  return memory.dropped.filter((one) => one.ca === ca).map(({ key }) => key);
}

/** Why the new CA of the rotation is not accepted. */
function explainRefusal(
  ca: CaName,
  file: string,
  after: readonly X509Certificate[],
  theirs: readonly X509Certificate[],
  { accepted, refusal }: Vouchers,
  { followed: { published } }: WantedInput,
): string[] {
  const { rotation } = published;
  if (rotation?.ca !== ca || after.some(hasKey([rotation.to.publicKeySha256]))) return [];
  const found = theirs.find(hasKey([rotation.to.publicKeySha256]));
  if (!found) return [`${file} does not get the new CA: the bundle of ${ca} does not have it`];
  // a hash of the key would accept it, so nobody is told to give one
  if (accepted.some(({ key }) => key === keyOf(found)))
    return [
      `${file} does not get ${subjectUntil(found)}: its own key has not signed it, and the cross certificate does not name it; have operators check what the service publishes`,
    ];
  const why =
    refusal === undefined ? 'the service publishes no cross certificate' : REFUSALS[refusal];
  return [
    `${file} does not get ${subjectUntil(found)} (${formatCaCertHash(ca, found)}): ${why}; compare this hash with that of cakeless trust-domain show, then accept it with --accept-ca-change and --ca-cert-hash`,
  ];
}

async function drop(
  ca: CaName,
  file: string,
  all: readonly X509Certificate[],
  theirs: readonly X509Certificate[],
  input: WantedInput,
) {
  const { kept, followed } = input;
  let left = all;
  const dropped: X509Certificate[] = [];
  const refused: string[] = [];
  if (!kept) return { left, dropped, refused };
  for (const one of all.filter(hasKey(goneKeys(ca, followed)))) {
    const next = left.filter((other) => other !== one);
    const why = await whyKept(ca, one, left, next, theirs, input);
    if (why === undefined) {
      left = next;
      dropped.push(one);
    } else
      refused.push(`${file} keeps ${subjectUntil(one)} (${formatCaCertHash(ca, one)}): ${why}`);
  }
  return { left, dropped, refused };
}

async function whyKept(
  ca: CaName,
  one: X509Certificate,
  before: readonly X509Certificate[],
  after: readonly X509Certificate[],
  theirs: readonly X509Certificate[],
  { kept = [], followed: { published }, whyLost }: WantedInput,
): Promise<string | undefined> {
  if (theirs.some(hasKey([keyOf(one) ?? '']))) return 'the service still publishes it';
  if (!after.some(isIn(theirs))) return 'the file would have no CA that the service publishes';
  const isUrgent = published.rotation?.compromised === true && published.rotation.ca === ca;
  const needing = kept.filter(
    ({ ca: of, chain, isOfComponent }) =>
      of === ca &&
      (isOfComponent || !isUrgent) &&
      findPath(chain, before) !== undefined &&
      findPath(chain, after) === undefined,
  );
  if (needing.length > 0)
    return `${[...new Set(needing.map(({ what }) => what))].join(', ')} would no longer be trusted`;
  const lost = await whyLost?.(ca, pemOf(before), pemOf(after));
  return lost && `this node would no longer verify the API server: ${lost}`;
}
