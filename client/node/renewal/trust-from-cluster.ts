/**
 * New CA certificates for a worker without AWS credentials: those that the cluster publishes to its pods, read from an
 * API server that the CA certificates of today have verified. Nothing is requested from the service.
 */
import { X509Certificate } from 'node:crypto';
import {
  certificatesIn,
  certificateToPem,
  holdsPlainCertificates,
} from '../../../lib/certificate/pem.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { currentContent } from '../disk/file-change.ts';
import { parseCertificates } from '../disk/fingerprints.ts';
import { caFileOf } from '../disk/places.ts';
import { noteStarts } from '../evidence/note-starts.ts';
import { prepareInstallation } from '../install/installation.ts';
import { planChanges } from '../install/plan.ts';
import type { RestartDeps } from '../restart/deps.ts';
import { manifestsFolder, readManifest } from '../restart/manifest.ts';
import { neededRestarts } from '../restart/needed-restarts.ts';
import { findUnhealthy, requireVisibleProcesses } from '../restart/preconditions.ts';
import type { RestartResult } from '../restart/restart.ts';
import { followRotation } from '../rotation/follow.ts';
import { type RotationMemory, recallRotation, rememberRotation } from '../state/rotation-memory.ts';
import { withRunLock } from '../state/run-lock.ts';
import { findAbove, isFalselySelfIssued, subjectOf, whyTooMany } from '../trust/above.ts';
import { type ReachApiServer, whyUnreachable } from '../trust/api-server.ts';
import { type CaHashes, caHashesOf, formatCaCertHash, hashOf } from '../trust/ca-cert-hash.ts';
import {
  type CaDecision,
  casOfFiles,
  checkStayingCertificates,
  decideCaChange,
} from '../trust/ca-change.ts';
import { turnBundles } from '../trust/turn-bundles.ts';
import { type ChosenCas, type ClusterTrust, chooseCas } from './cluster-rotation.ts';
import { completeInstallation } from './complete-installation.ts';
import { recover, tidy } from './recover.ts';
import { stayingCertificates, stayingOnNode } from './staying-certificates.ts';

export interface ClusterTrustOptions {
  readonly also: readonly string[];
  readonly restart: boolean;
  readonly dryRun: boolean;
  /** If any are given, each new certificate must match one. @default the cluster vouches for all of them */
  readonly hashes: CaHashes;
}

export interface ClusterTrustReport {
  /** How ca.crt changed, or would change; empty if it is up to date. */
  readonly caDifferences: readonly string[];
  readonly notes: readonly string[];
  readonly restarts: readonly RestartResult[];
  /** Of the rotation that was followed; absent if the cluster publishes none. */
  readonly sequence?: number;
  /** Folder with the old files; absent if nothing was installed. */
  readonly backup?: string;
}

/** The API server that the kubelet of this node uses. */
export interface ClusterSource {
  /** ca.crt of the ConfigMap kube-root-ca.crt, over a connection that today's CA certificates verify. */
  readPublished(): Promise<string>;
  /** What the forwarder publishes of a rotation; undefined before the first one, or if the kubelet may not read it. */
  readRotation(): Promise<ClusterTrust | undefined>;
  readonly reach: ReachApiServer;
}

/** @throws CommandError on a control plane, whose CA files the service publishes */
export async function trustFromCluster(
  deps: RestartDeps & { readonly stateDir: string },
  options: ClusterTrustOptions,
  cluster: ClusterSource,
): Promise<ClusterTrustReport> {
  if (readManifest('kube-apiserver', deps.folders))
    throw new CommandError(
      'usage',
      `--trust-from-cluster: ${manifestsFolder(deps.folders)} makes this node a control plane, whose CA files come from the service`,
      'use cakeless renew all --accept-ca-change with --ca-cert-hash',
    );
  return withRunLock(deps.folders, async () => {
    const recovered = options.dryRun ? [] : await recover(deps, async () => undefined);
    const { chosen, warnings, memory } = await chooseFrom(deps, options, cluster);
    const { pem, notes: above } = leaveOutAbove(deps, options, chosen.pem);
    const notes = [...warnings, ...chosen.notes, ...above];
    const followed = memory && { sequence: memory.sequence };
    const decision = decide(deps, options, pem);
    const { differences: caDifferences } = decision.turned;
    const restarts = recovered.flatMap((one) => one.restarts);
    await requireVerified(deps, decision, cluster.reach);
    if (options.dryRun) return { caDifferences, notes, restarts, ...followed };
    const isDone = decision.turned.caFiles.size === 0;
    const installed = isDone
      ? { caDifferences, notes: [], restarts: [] }
      : await install(deps, options, decision);
    if (memory) await rememberRotation(deps.stateDir, memory);
    return {
      ...installed,
      ...followed,
      notes: [...notes, ...installed.notes],
      restarts: [...restarts, ...installed.restarts],
    };
  });
}

interface Chosen {
  readonly chosen: ChosenCas;
  readonly warnings: readonly string[];
  /** What the node remembers once it has followed. */
  readonly memory?: RotationMemory;
}

/** In a rotation, what the forwarder publishes; otherwise what the cluster publishes to its pods. */
async function chooseFrom(
  { folders, stateDir, clock }: RestartDeps & { readonly stateDir: string },
  { hashes }: ClusterTrustOptions,
  cluster: ClusterSource,
): Promise<Chosen> {
  const trust = await cluster.readRotation();
  const { followed, warnings } = await followRotation(
    trust && (async () => trust.rotation),
    stateDir,
  );
  const common = { folders, hashes, now: clock.now() };
  if (!trust || !followed) {
    const rootCa = canonical(await cluster.readPublished());
    const memory = recallRotation(stateDir);
    return { chosen: chooseCas({ ...common, memory, rootCa, rotating: undefined }), warnings };
  }
  const { memory } = followed;
  const rotating = { followed, bundle: canonical(trust.ca) };
  const chosen = chooseCas({ ...common, memory, rotating, rootCa: await readIfAllowed(cluster) });
  return { chosen, warnings, memory };
}

/** Without it, the cross certificate can still vouch. */
async function readIfAllowed(cluster: ClusterSource): Promise<string> {
  try {
    return canonical(await cluster.readPublished());
  } catch (error) {
    if (error instanceof CommandError) return '';
    throw error;
  }
}

/** As for a bundle of the bucket (decision 0035): every program must read the same certificates. */
function canonical(text: string): string {
  const wrong = (why: string) =>
    new CommandError(
      'check-failed',
      `the CA certificates of the cluster ${why}; nothing was changed`,
    );
  if (!holdsPlainCertificates(text)) throw wrong('are not a list of canonical PEM certificates');
  const blocks = certificatesIn(text);
  const tooMany = whyTooMany(blocks);
  if (tooMany !== undefined) throw wrong(`are too many: the list ${tooMany}`);
  const certificates = blocks.map((pem) => new X509Certificate(pem));
  if (certificates.length === 0 || !certificates.every(({ ca }) => ca))
    throw wrong('contain one that is not a CA');
  if (certificates.some(isFalselySelfIssued))
    throw wrong('contain one that its own key has not signed');
  return certificates.map(({ raw }) => certificateToPem(raw)).join('');
}

/** A cluster below a corporate root publishes the root to its pods, too. Only a hash makes it a CA of this node. */
function leaveOutAbove(
  { folders }: Pick<RestartDeps, 'folders'>,
  { hashes }: ClusterTrustOptions,
  published: string,
) {
  const ours = parseCertificates(currentContent(caFileOf('ca', folders), false) ?? '');
  const certificates = parseCertificates(published);
  const above = findAbove(certificates, ours).filter((one) => !hashes.ca.includes(hashOf(one)));
  return {
    pem: certificates
      .filter((one) => !above.includes(one))
      .map(({ raw }) => certificateToPem(raw))
      .join(''),
    notes: above.map(
      (one) =>
        `${subjectOf(one)} was left out: it is above the CA of the cluster, and is for pods and clients outside`,
    ),
  };
}

function decide(
  { folders, clock }: Pick<RestartDeps, 'folders' | 'clock'>,
  { hashes }: ClusterTrustOptions,
  pem: string,
): TurnedDecision {
  const vouched = certificatesIn(pem).map((one) => formatCaCertHash('ca', one));
  const accepted = hashes.ca.length > 0 ? hashes : caHashesOf(vouched);
  const published = new Map([['ca' as const, { pem }]]);
  const options = { accept: true, hashes: accepted };
  const decision = decideCaChange(folders, published, options, clock.now());
  const staying = stayingCertificates(folders, []);
  checkStayingCertificates(decision, folders, staying);
  const turned = turnBundles(decision, folders, published, staying.map(stayingOnNode));
  return { turned, cas: casOfFiles(decision, folders) };
}

/**
 * The ConfigMap may be older than the certificate of the API server that returned it: kube-controller-manager publishes
 * the file that it read when it started.
 */
async function requireVerified(
  { folders }: Pick<RestartDeps, 'folders'>,
  { turned: { caFiles } }: TurnedDecision,
  reach: ReachApiServer,
): Promise<void> {
  const file = caFileOf('ca', folders);
  const next = caFiles.get(file);
  const why = next === undefined ? undefined : await whyUnreachable(reach, next);
  if (why === undefined) return;
  throw new CommandError(
    'check-failed',
    `nothing was changed: the CA certificates of the ConfigMap kube-root-ca.crt do not verify the API server that returned it: ${why}`,
    `the ConfigMap may be older than the certificate of the API server: restart kube-controller-manager on the control planes, compare their ${file} with it, then run the same command again`,
  );
}

interface TurnedDecision {
  readonly turned: CaDecision;
  /** CAs whose files get other certificates, not only another order. */
  readonly cas: readonly CaName[];
}

async function install(
  deps: RestartDeps & { readonly stateDir: string },
  { also, restart }: ClusterTrustOptions,
  { turned: { caFiles, changes: caDifferences }, cas }: TurnedDecision,
): Promise<ClusterTrustReport> {
  const { folders, stateDir, clock, terminal } = deps;
  const now = clock.now();
  const { changes, caData, notes } = planChanges({ certificates: [], caFiles, also, folders, now });
  // a worker has no API server, which alone depends on the files
  const restarts = restart ? neededRestarts(deps, caData, cas, []) : [];
  await requireVisibleProcesses(restarts, deps);
  const unhealthyBefore = await findUnhealthy(restarts, deps);
  const plan = { names: [], caData, cas: [...cas], changes, restarts, unhealthyBefore };
  await noteStarts(deps, 'ca');
  const prepared = await prepareInstallation(folders, plan, now);
  terminal.progress(`installing ${caFileOf('ca', folders)} ...`);
  const done = await completeInstallation(prepared, deps, undefined);
  await tidy(stateDir);
  return { caDifferences, notes, restarts: done.restarts, backup: done.installation.folder };
}
