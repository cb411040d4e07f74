/** Checks the issued certificates, and installs those that pass: all of them or none. */
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import { componentsToWatch } from '../disk/components.ts';
import { fingerprintsOf } from '../disk/fingerprints.ts';
import { caFileOf, placeOf } from '../disk/places.ts';
import { type PlaceState, readPlace } from '../disk/read-place.ts';
import { prepareInstallation } from '../install/installation.ts';
import { type NewCertificate, planChanges } from '../install/plan.ts';
import { isStaticPod, neededRestarts } from '../restart/needed-restarts.ts';
import { findUnhealthy, requireVisibleProcesses } from '../restart/preconditions.ts';
import { type CaDecision, checkStayingCertificates, decideCaChange } from '../trust/ca-change.ts';
import type { PublishedBundle } from '../trust/read-bundle.ts';
import { type CheckedOutcome, checkOutcome } from './check-outcome.ts';
import { completeInstallation } from './complete-installation.ts';
import { leaseFor, type RenewalDeps, type RenewalOptions } from './options.ts';
import { type RenewalOutcome, readPublishedBundles } from './outcomes.ts';
import { checkOwnKubelet } from './own-kubelet.ts';
import { tidy } from './recover.ts';
import {
  type CertificateReport,
  type RenewReport,
  reportFailed,
  reportRenewed,
  reportUnissued,
} from './report.ts';
import { closeAll } from './request-journal.ts';
import { stayingCertificates } from './staying-certificates.ts';

export async function installCertificates(
  deps: RenewalDeps,
  options: RenewalOptions,
  exchange: ObjectStore,
  outcomes: readonly RenewalOutcome[],
): Promise<Omit<RenewReport, 'cluster' | 'node'>> {
  const issued = outcomes.filter(({ state }) => state === 'issued');
  const published = await readPublishedBundles(exchange, issued, deps.folders, options.caChange);
  deps.onStep?.('check');
  const waiting = outcomes.filter(({ state }) => state === 'pending').map(({ name }) => name);
  const checkNow = () => ({ ...check(deps, options, issued, published), waiting });
  const checked = checkNow();
  const { decision, failed, certificates, alreadyInstalled } = checked;
  const reports: CertificateReport[] = [
    ...outcomes.filter(({ state }) => state !== 'issued').map(reportUnissued),
    ...failed.map((checked) => reportFailed(checked, decision)),
    ...alreadyInstalled.map((name) => reportRenewed(deps, name)),
  ];
  await closeSpent(deps, failed);
  const rejected = outcomes.filter(({ state }) => state === 'rejected').map(({ name }) => name);
  const settled = [...rejected, ...alreadyInstalled];
  const nothing = { restarts: [], caDifferences: decision.differences, notes: [] };
  if (certificates.length === 0) {
    await closeAll(deps.stateDir, settled);
    return { ...nothing, certificates: reports };
  }
  const names = namesOf(certificates);
  deps.onStep?.('install');
  const { installed, notes } = await installAll(deps, options, checked, checkNow);
  deps.onStep?.('report');
  await closeAll(deps.stateDir, [...names, ...settled]);
  await tidy(deps.stateDir);
  return {
    ...nothing,
    notes,
    caDifferences: decision.caFiles.size > 0 ? decision.changes : decision.differences,
    restarts: installed.restarts,
    backup: installed.installation.folder,
    certificates: [...names.map((name) => reportRenewed(deps, name)), ...reports],
  };
}

/** The issued certificates, checked against the current files of the node. */
interface Checked {
  readonly decision: CaDecision;
  readonly failed: readonly CheckedOutcome[];
  /** To be installed. */
  readonly certificates: readonly NewCertificate[];
  /** Installed by a run that was interrupted before it closed their requests. */
  readonly alreadyInstalled: readonly CertificateName[];
}

interface CheckedWithWaiting extends Checked {
  /** Whose certificates wait for an approver. */
  readonly waiting: readonly CertificateName[];
}

const namesOf = (certificates: readonly NewCertificate[]) =>
  certificates.map(({ place }) => place.name);

function check(
  deps: RenewalDeps,
  options: RenewalOptions,
  issued: readonly RenewalOutcome[],
  published: ReadonlyMap<CaName, PublishedBundle>,
): Checked {
  const decision = decideCaChange(deps.folders, published, options.caChange);
  const now = deps.clock.now();
  const checked = issued.map((outcome) => {
    const place = readPlace(placeOf(outcome.name, deps.folders));
    return { place, ...checkOutcome(outcome, decision, now, place) };
  });
  const passed = checked.filter(({ problems }) => problems.length === 0);
  const candidates = passed.flatMap(({ outcome, place }) => newCertificate(outcome, place));
  return {
    decision,
    failed: checked.filter(({ problems }) => problems.length > 0),
    certificates: candidates.filter((candidate) => !isInstalled(candidate)),
    alreadyInstalled: namesOf(candidates.filter(isInstalled)),
  };
}

/** @param checkNow is called again once the lease is held: people may have edited files in the meantime */
async function installAll(
  deps: RenewalDeps,
  options: RenewalOptions,
  checked: CheckedWithWaiting,
  checkNow: () => CheckedWithWaiting,
) {
  // reports what cannot be changed before it waits for the lease
  const first = plan(deps, options, checked);
  const reloading = options.restart ? componentsToWatch(first.names, first.restarts) : [];
  // a component that does not reload its files is restarted, so it needs the lease, too
  const users = [...first.restarts, ...reloading];
  const needsLease = users.some((component) => isStaticPod(component, deps));
  const lease = needsLease ? await leaseFor(deps) : undefined;
  try {
    await requireVisibleProcesses(users, deps);
    const unhealthyBefore = await findUnhealthy(users, deps);
    const { notes, ...planned } = users.length > 0 ? plan(deps, options, checkNow()) : first;
    if (planned.names.join() !== first.names.join())
      throw new CommandError(
        'file-changed',
        'the files of this node changed while it waited for the restart lease; nothing was changed',
        'run the same command again: its requests are kept',
      );
    const withHealth = { ...planned, unhealthyBefore };
    const prepared = await prepareInstallation(deps.stateDir, withHealth, deps.clock.now());
    deps.terminal.progress(`installing ${planned.names.join(', ')} ...`);
    return { installed: await completeInstallation(prepared, deps, lease, reloading), notes };
  } finally {
    await lease?.release();
  }
}

function plan(
  deps: RenewalDeps,
  options: RenewalOptions,
  { certificates, decision, waiting }: CheckedWithWaiting,
) {
  const { folders, clock } = deps;
  const { caFiles } = decision;
  const now = clock.now();
  const names = namesOf(certificates);
  checkStayingCertificates(decision, folders, stayingCertificates(folders, names), waiting);
  checkOwnKubelet(decision, folders);
  const { changes, caData, notes } = planChanges({
    certificates,
    caFiles,
    also: options.also,
    folders,
    now,
  });
  const ofKubelets = caFileOf('kubelet-ca', folders);
  const caChanged = [...caFiles.keys()].some((file) => file !== ofKubelets);
  const users = [...names, ...caData];
  const restarts = options.restart ? neededRestarts(deps, users, caChanged, changes) : [];
  return { names, caData, caChanged, changes, notes, restarts };
}

function newCertificate({ staged, chainPem }: RenewalOutcome, place: PlaceState): NewCertificate[] {
  if (place.state !== 'present' || !staged || chainPem === undefined) return [];
  return [{ place, chainPem, keyPem: staged.keyPem }];
}

function isInstalled({ place, chainPem }: NewCertificate): boolean {
  const [wanted] = fingerprintsOf(chainPem);
  return [place, ...(place.configured ? [place.configured] : [])].every(
    ({ leaf, problems }) => problems.length === 0 && leaf.fingerprint256 === wanted,
  );
}

/** Closed and reported before the installation, which may fail without a report. */
async function closeSpent(deps: RenewalDeps, failed: readonly CheckedOutcome[]): Promise<void> {
  const spent = failed.filter(({ isSpent }) => isSpent);
  for (const { outcome, problems } of spent)
    deps.terminal.progress(
      `${outcome.name}: the next run requests a new one: ${problems.join('; ')}`,
    );
  await closeAll(
    deps.stateDir,
    spent.map(({ outcome }) => outcome.name),
  );
}
