/** What a rotation adds to a renewal: CA files that change without a person, and what this node still has to do. */
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { CERTIFICATE_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import { USES } from '../disk/components.ts';
import { readIssuedServing } from '../disk/issued-serving.ts';
import { type NodeFolders, placeOf } from '../disk/places.ts';
import { type CertificateInPlace, readPlace } from '../disk/read-place.ts';
import { noteStarts } from '../evidence/note-starts.ts';
import { isOfReplaced } from '../rotation/due.ts';
import type { FollowedRotation } from '../rotation/follow.ts';
import { hasKey, readCaFile } from '../rotation/versions.ts';
import {
  casToFollow,
  type KeptCertificate,
  type WantedCas,
  wantedCas,
} from '../rotation/wanted-cas.ts';
import { recallRotation, rememberRotation } from '../state/rotation-memory.ts';
import { reachBeside, whyLost } from '../trust/api-server.ts';
import { chainOf, type Presented } from '../trust/path.ts';
import type { RenewalDeps, RenewalOptions, ServedLeaf } from './options.ts';
import type { Published } from './published-bundles.ts';
import type { CertificateReport } from './report.ts';
import { stayingCertificates, stayingOnNode } from './staying-certificates.ts';

type FollowDeps = Pick<RenewalDeps, 'folders' | 'clock' | 'reach' | 'served'>;

const NOTHING: WantedCas = { rotated: new Map(), refused: [], dropped: [] };

/** What CA files gain. */
export const gainedCas = (
  { folders, clock }: FollowDeps,
  followed: FollowedRotation | undefined,
  published: Published,
): Promise<WantedCas> =>
  followed
    ? wantedCas({ followed, folders, published, now: clock.now() })
    : Promise.resolve(NOTHING);

export interface NewLeaf {
  readonly name: CertificateName;
  readonly chain: Presented;
}

/**
 * What CA files gain and lose.
 * @param renewed names whose certificates are replaced
 * @param fresh those that replace them, as far as they are known
 */
export async function changedCas(
  { folders, clock, reach, served }: FollowDeps,
  followed: FollowedRotation | undefined,
  published: Published,
  renewed: readonly CertificateName[],
  fresh: readonly NewLeaf[],
): Promise<WantedCas> {
  if (!followed || casToFollow(followed, folders).length === 0) return NOTHING;
  const kept = [
    ...stayingCertificates(folders, renewed).map(keptAs),
    ...fresh.map(keptAs),
    ...kubeletServing(folders),
    ...((await served?.()) ?? []).flatMap((one) => servedNow(one, renewed)),
  ];
  const beside = reach && reachBeside(reach, folders, renewed);
  return wantedCas({
    ...{ followed, folders, published, kept, now: clock.now() },
    ...(beside && {
      whyLost: async (ca: CaName, before: string, after: string) =>
        ca === 'ca' ? whyLost(beside, before, after) : undefined,
    }),
  });
}

const keptAs = ({ name, chain }: NewLeaf): KeptCertificate => ({
  what: name,
  ca: profileOf(name).ca,
  chain,
  isOfComponent: USES.some(({ certificate, component }) => certificate === name && component),
});

const OF_KUBELETS: readonly CaName[] = ['ca', 'kubelet-ca'];

function kubeletServing(folders: NodeFolders): KeptCertificate[] {
  const chain = chainOf(readIssuedServing(folders));
  const what = "the kubelet's serving certificate";
  return chain ? OF_KUBELETS.map((ca) => ({ what, ca, chain, isOfComponent: true })) : [];
}

/** A component that gets a new serving certificate serves the old one until it has read it. */
function servedNow(
  { component, leaf }: ServedLeaf,
  renewed: readonly CertificateName[],
): KeptCertificate[] {
  const what = `what ${component} serves`;
  const as = (ca: CaName) => ({ what, ca, chain: leaf, isOfComponent: true });
  if (component === 'kubelet') return OF_KUBELETS.map(as);
  if (component === 'etcd') return renewed.includes('etcd-server') ? [] : [as('etcd-ca')];
  return renewed.includes('apiserver') ? [] : [as('ca')];
}

/**
 * Whether a CA file has to begin with the new CA now: the last certificate of the old one may have been replaced by the
 * kubelet, without a run of this command.
 */
export function hasToTurn(followed: FollowedRotation | undefined, folders: NodeFolders): boolean {
  const rotation = followed?.published.rotation;
  if (rotation?.phase !== 'issue') return false;
  const [first, ...others] = readCaFile(rotation.ca, folders) ?? [];
  const next = others.find(hasKey([rotation.to.publicKeySha256]));
  if (!first || !next || !hasKey([rotation.from.publicKeySha256])(first)) return false;
  const own = stayingCertificates(folders, [])
    .map(stayingOnNode)
    .filter(({ ca }) => ca === rotation.ca);
  return own.length > 0 && own.every((one) => one.chainsTo(next));
}

/** Before the files change: which components have read them, and what the node drops. */
export async function rememberBefore(
  deps: Pick<RenewalDeps, 'folders' | 'clock' | 'stateDir' | 'proc'>,
  followed: FollowedRotation | undefined,
  { dropped }: WantedCas,
): Promise<void> {
  const rotation = followed?.published.rotation;
  if (!rotation) return;
  await noteStarts(deps, rotation.ca);
  await rememberDrops(deps.stateDir, rotation, dropped);
}

/** Only what this node remembers to have dropped can return. */
async function rememberDrops(
  stateDir: string,
  rotation: NonNullable<FollowedRotation['published']['rotation']>,
  dropped: WantedCas['dropped'],
): Promise<void> {
  const memory = recallRotation(stateDir);
  if (rotation.compromised || !memory) return;
  const to = rotation.to.publicKeySha256;
  const more = dropped
    .filter(({ ca, key }) => ca === rotation.ca && key === rotation.from.publicKeySha256)
    .filter(({ key }) => !memory.dropped.some((one) => one.key === key))
    .map((one) => ({ ...one, to }));
  if (more.length === 0) return;
  await rememberRotation(stateDir, { ...memory, dropped: [...memory.dropped, ...more] });
}

/** Certificates that a rotation is to replace, and that are still there, each with the reason: one sentence for each. */
export function findLeft(
  { folders, clock }: Pick<RenewalDeps, 'folders' | 'clock'>,
  followed: FollowedRotation,
  reports: readonly CertificateReport[],
): string[] {
  const isLeft = isOfReplaced(followed, folders, clock.now());
  return CERTIFICATE_NAMES.flatMap((name) => {
    const place = readPlace(placeOf(name, folders));
    if (place.state !== 'present' || !isLeft(place)) return [];
    const { ca } = profileOf(name);
    return [
      `${name} is still signed by the CA that the rotation of ${ca} replaces: ${why(place, reports)}`,
    ];
  });
}

const BY_OUTCOME: Partial<Record<CertificateReport['outcome'], string>> = {
  pending: 'its new certificate waits for an approver',
  rejected: 'the service rejected its request',
  'no-outcome': 'the service has not responded yet',
  'check-failed': 'its new certificate failed a check',
};

function why(place: CertificateInPlace, reports: readonly CertificateReport[]): string {
  const report = reports.find(({ name }) => name === place.name);
  const known = report && BY_OUTCOME[report.outcome];
  if (known !== undefined) return known;
  return report?.isError ? (report.reason ?? 'it cannot be renewed') : 'a later run renews it';
}

/** CAs whose bundles a run has to read for the rotation, with the trust domain that publishes them. */
export const domainsToFollow = (
  { rotation }: Pick<RenewalOptions, 'rotation'>,
  folders: NodeFolders,
): [CaName, string][] =>
  casToFollow(rotation, folders).map((ca) => [ca, rotation?.published.trustDomain ?? '']);
