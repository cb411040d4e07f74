/**
 * `cakeless renew`: create CSRs, upload, wait, check, install, restart, verify. Each step can be interrupted and
 * resumed: the journals of requests and installations record the progress.
 */
import { findWrongKubeletDir } from '../disk/kubelet-dir.ts';
import { findCaKeyWarnings } from '../restart/ca-key-warnings.ts';
import { requireProc } from '../restart/processes.ts';
import { type FollowedRotation, followRotation } from '../rotation/follow.ts';
import { casToFollow } from '../rotation/wanted-cas.ts';
import { recallRotation, rememberRotation } from '../state/rotation-memory.ts';
import { withRunLock } from '../state/run-lock.ts';
import { findLeft, hasToTurn } from './follow-rotation.ts';
import { installCertificates } from './install-certificates.ts';
import type { RenewalDeps, RenewalOptions } from './options.ts';
import { awaitOutcomes } from './outcomes.ts';
import { recoverFirst } from './recover.ts';
import { lookForRenewedCas } from './renewed-cas.ts';
import {
  type CertificateReport,
  type RenewReport,
  reportIdTaken,
  reportRenewed,
} from './report.ts';
import { closeAll } from './request-journal.ts';
import { sendRequests } from './send-requests.ts';
import { type Chance, splay } from './splay.ts';

/** Waits for its random time, then renews while it holds the run lock. */
export async function runRenewal(
  deps: RenewalDeps,
  options: RenewalOptions,
  splaySeconds: number | undefined,
  chance: Chance,
): Promise<RenewReport> {
  if (options.restart) requireProc(deps.folders);
  // read again once the lock is held: the phase may change during the wait
  const seen =
    splaySeconds === undefined ? undefined : await followRotation(deps.rotation, deps.stateDir);
  await splay(deps, { ...options, rotation: seen?.followed }, splaySeconds, chance);
  return withRunLock(deps.folders, () => renew(deps, options));
}

/** Call it with the run lock held. */
export async function renew(deps: RenewalDeps, given: RenewalOptions): Promise<RenewReport> {
  const { cluster, node } = given;
  deps.onStep?.('read');
  const recovered = await recoverFirst(deps);
  const completed = recovered.filter(({ installation }) => installation.journal.phase === 'done');
  const fresh = completed.flatMap(({ installation }) => installation.journal.names);
  if (fresh.length > 0) await closeAll(deps.stateDir, fresh);
  const { followed, warnings, isReplayed } = await followRotation(deps.rotation, deps.stateDir);
  if (followed) {
    deps.onFollowed?.(followed);
    await rememberRotation(deps.stateDir, followed.memory);
  }
  const options = { ...given, rotation: followed };
  const { requests, afterUpload, skipped, closed, ...sent } = await sendRequests(
    deps,
    options,
    fresh,
  );
  const notes = [
    ...warnings,
    ...sent.notes,
    ...[...findCaKeyWarnings(deps.folders), ...findWrongKubeletDir(deps.folders)].map(
      ({ file, warning }) => `warning: ${file}: ${warning}`,
    ),
  ];
  const restarts = recovered.flatMap((one) => one.restarts);
  const reports: CertificateReport[] = [
    ...fresh.map((name) => reportRenewed(deps, name)),
    ...skipped.map((left) => ({ outcome: 'skipped' as const, ...left })),
    ...closed.map(reportIdTaken),
  ];
  const base = { cluster, node, restarts, caDifferences: [], notes };
  const ending = (report: RenewReport, refused: readonly string[] = []): Promise<RenewReport> =>
    reportRotation(deps, { followed, isReplayed, refused }, report);
  // trust can change although no certificate is due
  const changesTrust =
    options.caChange.accept ||
    casToFollow(followed, deps.folders).length > 0 ||
    hasToTurn(followed, deps.folders);
  if (requests.length === 0 && !changesTrust) {
    const renewed = await lookForRenewedCas(deps, options);
    notes.push(...renewed.notes);
    if (!renewed.isPublished) return ending({ ...base, certificates: reports });
  }
  const exchange = await deps.exchange();
  const outcomes = await awaitOutcomes(deps, exchange, requests, {
    seconds: options.waitSeconds,
    forApprovals: options.waitForApprovals,
    afterUpload,
  });
  const { refused, ...installed } = await installCertificates(deps, options, exchange, outcomes);
  const report = {
    ...base,
    ...installed,
    certificates: [...reports, ...installed.certificates],
    restarts: [...restarts, ...installed.restarts],
    notes: [...notes, ...installed.notes],
  };
  return ending(report, refused);
}

/**
 * Adds what the rotation is, and what it still asks of this node, and remembers that for the report of the node. What it waits
 * for is found out after the run: see `evidence/`.
 */
async function reportRotation(
  deps: RenewalDeps,
  { followed, isReplayed, refused }: RotationOutcome,
  report: RenewReport,
): Promise<RenewReport> {
  if (!followed)
    return isReplayed
      ? { ...report, rotation: { isReplayed, refused, left: [], waiting: [] } }
      : report;
  const { sequence, ca, phase } = followed.memory;
  const left = findLeft(deps, followed, report.certificates);
  const memory = recallRotation(deps.stateDir) ?? followed.memory;
  const known = { ...memory, left: [...refused, ...left] };
  await rememberRotation(deps.stateDir, known);
  deps.onFollowed?.({ published: followed.published, memory: known });
  return {
    ...report,
    rotation: {
      sequence,
      ...(ca !== undefined && { ca }),
      ...(phase !== undefined && { phase }),
      ...{ isReplayed, refused, left, waiting: [] },
    },
  };
}

interface RotationOutcome {
  readonly followed: FollowedRotation | undefined;
  readonly isReplayed: boolean;
  readonly refused: readonly string[];
}
