/**
 * `cakeless renew`: create CSRs, upload, wait, check, install, restart, verify. Each step can be interrupted and
 * resumed: the journals of requests and installations record the progress.
 */
import { findWrongKubeletDir } from '../disk/kubelet-dir.ts';
import { findCaKeyWarnings } from '../restart/ca-key-warnings.ts';
import { requireProc } from '../restart/processes.ts';
import { withRunLock } from '../state/run-lock.ts';
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
  await splay(deps, options, splaySeconds, chance);
  return withRunLock(deps.folders, () => renew(deps, options));
}

/** Call it with the run lock held. */
export async function renew(deps: RenewalDeps, options: RenewalOptions): Promise<RenewReport> {
  const { cluster, node } = options;
  deps.onStep?.('read');
  const recovered = await recoverFirst(deps);
  const completed = recovered.filter(({ installation }) => installation.journal.phase === 'done');
  const fresh = completed.flatMap(({ installation }) => installation.journal.names);
  if (fresh.length > 0) await closeAll(deps.stateDir, fresh);
  const { requests, afterUpload, skipped, closed, ...sent } = await sendRequests(
    deps,
    options,
    fresh,
  );
  const notes = [
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
  // trust can change although no certificate is due
  if (requests.length === 0 && !options.caChange.accept) {
    const renewed = await lookForRenewedCas(deps, options);
    notes.push(...renewed.notes);
    if (!renewed.isPublished) return { ...base, certificates: reports };
  }
  const exchange = await deps.exchange();
  const outcomes = await awaitOutcomes(deps, exchange, requests, {
    seconds: options.waitSeconds,
    forApprovals: options.waitForApprovals,
    afterUpload,
  });
  const installed = await installCertificates(deps, options, exchange, outcomes);
  return {
    ...base,
    ...installed,
    certificates: [...reports, ...installed.certificates],
    restarts: [...restarts, ...installed.restarts],
    notes: [...notes, ...installed.notes],
  };
}
