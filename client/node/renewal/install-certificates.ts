/** Checks the issued certificates, and installs those that pass: all of them or none. */
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import { componentsToWatch } from '../disk/components.ts';
import { fingerprintsOf } from '../disk/fingerprints.ts';
import { placeOf } from '../disk/places.ts';
import { type PlaceState, readPlace } from '../disk/read-place.ts';
import { prepareInstallation } from '../install/installation.ts';
import { type NewCertificate, planChanges } from '../install/plan.ts';
import { requireEtcdQuorum } from '../restart/etcd-quorum.ts';
import { isStaticPod, neededRestarts } from '../restart/needed-restarts.ts';
import { findUnhealthy, requireVisibleProcesses } from '../restart/preconditions.ts';
import type { WantedCas } from '../rotation/wanted-cas.ts';
import { accepts } from '../trust/accepted-change.ts';
import {
  type CaDecision,
  casOfFiles,
  checkStayingCertificates,
  decideCaChange,
} from '../trust/ca-change.ts';
import { changeChains } from '../trust/chain-change.ts';
import { chainOf } from '../trust/path.ts';
import { filesOfSameCas, turnBundles } from '../trust/turn-bundles.ts';
import { checkApiServer } from './check-api-server.ts';
import { type CheckedOutcome, checkOutcome } from './check-outcome.ts';
import { completeInstallation } from './complete-installation.ts';
import {
  changedCas,
  domainsToFollow,
  gainedCas,
  hasToTurn,
  type NewLeaf,
  rememberBefore,
} from './follow-rotation.ts';
import { leaseFor, type RenewalDeps, type RenewalOptions } from './options.ts';
import { type RenewalOutcome, trustDomainsOf } from './outcomes.ts';
import { checkOwnKubelet } from './own-kubelet.ts';
import {
  findTrustDomain,
  type Published,
  readPublished,
  requireTrustDomain,
} from './published-bundles.ts';
import { tidy } from './recover.ts';
import { readRenewed } from './renewed-cas.ts';
import {
  type CertificateReport,
  type RenewReport,
  reportFailed,
  reportRenewed,
  reportUnissued,
} from './report.ts';
import { closeAll } from './request-journal.ts';
import { onNode, stayingCertificates, stayingOnNode } from './staying-certificates.ts';

export interface Installed extends Omit<RenewReport, 'cluster' | 'node' | 'rotation'> {
  /** What the rotation asks for, and this node does not do: why. */
  readonly refused: readonly string[];
}

export async function installCertificates(
  deps: RenewalDeps,
  options: RenewalOptions,
  exchange: ObjectStore,
  outcomes: readonly RenewalOutcome[],
): Promise<Installed> {
  const issued = outcomes.filter(({ state }) => state === 'issued');
  const published = await readBundles(deps, options, exchange, issued);
  deps.onStep?.('check');
  const waiting = outcomes.filter(({ state }) => state === 'pending').map(({ name }) => name);
  const checkNow = async () => ({ ...(await check(deps, options, issued, published)), waiting });
  const checked = await checkNow();
  const { decision, failed, certificates, alreadyInstalled } = checked;
  const reports: CertificateReport[] = [
    ...outcomes.filter(({ state }) => state !== 'issued').map(reportUnissued),
    ...failed.map((checked) => reportFailed(checked, decision)),
    ...alreadyInstalled.map((name) => reportRenewed(deps, name)),
  ];
  await closeSpent(deps, failed);
  const rejected = outcomes.filter(({ state }) => state === 'rejected').map(({ name }) => name);
  const settled = [...rejected, ...alreadyInstalled];
  const refused = checked.wanted.refused
    .filter(({ ca }) => !accepts(options.caChange, ca))
    .map(({ why }) => why);
  const nothing = { restarts: [], caDifferences: decision.differences, notes: [], refused };
  const changesCas = decision.caFiles.size > 0 || hasToTurn(options.rotation, deps.folders);
  if (certificates.length === 0 && !changesCas) {
    await closeAll(deps.stateDir, settled);
    const notes = options.caChange.accept && decision.differences.length === 0 ? [UP_TO_DATE] : [];
    return { ...nothing, notes, certificates: reports };
  }
  const names = namesOf(certificates);
  deps.onStep?.('install');
  const { installed, notes, caDifferences } = await installAll(deps, options, checked, checkNow);
  deps.onStep?.('report');
  await closeAll(deps.stateDir, [...names, ...settled]);
  await tidy(deps.stateDir);
  return {
    ...nothing,
    notes,
    caDifferences,
    restarts: installed.restarts,
    backup: installed.installation.folder,
    certificates: [...names.map((name) => reportRenewed(deps, name)), ...reports],
  };
}

const UP_TO_DATE = 'the CA files of this node are those that the service publishes';

/**
 * An accepted change is one of the whole node, even if no certificate is due. Certificates of CAs that were renewed with the
 * same key are taken for the whole node, too.
 */
async function readBundles(
  { folders, stateDir, clock }: RenewalDeps,
  { caChange, ...options }: RenewalOptions,
  exchange: ObjectStore,
  issued: readonly RenewalOutcome[],
): Promise<Published> {
  const domains = new Map([...domainsToFollow(options, folders), ...trustDomainsOf(issued)]);
  const [first] = domains.values();
  const wholeNode = caChange.accept
    ? first || (await requireTrustDomain(exchange, { ...options, stateDir }))
    : undefined;
  const published = await readPublished(exchange, domains, wholeNode, folders, caChange);
  const trustDomain = first ?? (await findTrustDomain(exchange, { ...options, stateDir }));
  const renewed = await readRenewed(exchange, trustDomain, folders, clock.now(), published);
  return new Map([...renewed, ...published]);
}

/** The issued certificates, checked against the current files of the node. */
interface Checked {
  readonly published: Published;
  readonly decision: CaDecision;
  /** What the rotation changes. */
  readonly wanted: WantedCas;
  readonly failed: readonly CheckedOutcome[];
  /** To be installed. */
  readonly certificates: readonly IssuedCertificate[];
  /** Installed by a run that was interrupted before it closed their requests. */
  readonly alreadyInstalled: readonly CertificateName[];
}

interface IssuedCertificate extends NewCertificate {
  readonly trustDomain: string | undefined;
}

interface CheckedWithWaiting extends Checked {
  /** Whose certificates wait for an approver. */
  readonly waiting: readonly CertificateName[];
}

const namesOf = (certificates: readonly NewCertificate[]) =>
  certificates.map(({ place }) => place.name);

async function check(
  deps: RenewalDeps,
  options: RenewalOptions,
  issued: readonly RenewalOutcome[],
  published: Published,
): Promise<Checked> {
  const { folders } = deps;
  const now = deps.clock.now();
  const decideWith = ({ rotated }: WantedCas) => {
    const caChange = { ...options.caChange, rotated };
    const changed = decideCaChange(folders, published, caChange, now);
    return changeChains(changed, folders, published, caChange);
  };
  const trusting = decideWith(await gainedCas(deps, options.rotation, published));
  const checked = issued.map((outcome) => {
    const place = readPlace(placeOf(outcome.name, deps.folders));
    return { place, ...checkOutcome(outcome, trusting, now, place) };
  });
  const passed = checked.filter(({ problems }) => problems.length === 0);
  const candidates = passed.flatMap(({ outcome, place }) => newCertificate(outcome, place));
  const certificates = candidates.filter((candidate) => !isInstalled(candidate));
  const names = namesOf(certificates);
  const fresh = certificates.flatMap(newLeaf);
  const wanted = await changedCas(deps, options.rotation, published, names, fresh);
  return {
    published,
    decision: options.rotation ? decideWith(wanted) : trusting,
    wanted,
    failed: checked.filter(({ problems }) => problems.length > 0),
    certificates,
    alreadyInstalled: namesOf(candidates.filter(isInstalled)),
  };
}

/**
 * @param checkNow is called again once the lease is held: people may have edited files in the meantime, and the node that
 * had the lease may have renewed the certificate of its API server
 */
async function installAll(
  deps: RenewalDeps,
  options: RenewalOptions,
  checked: CheckedWithWaiting,
  checkNow: () => Promise<CheckedWithWaiting>,
) {
  // reports what cannot be changed before it waits for the lease
  const first = await planWithApiServer(deps, options, checked);
  const reloading = options.restart ? componentsToWatch(first.names, first.restarts) : [];
  // a component that does not reload its files is restarted, so it needs the lease, too
  const users = [...first.restarts, ...reloading];
  const needsLease = users.some((component) => isStaticPod(component, deps));
  const lease = needsLease ? await leaseFor(deps) : undefined;
  try {
    await requireVisibleProcesses(users, deps);
    await requireEtcdQuorum(first.restarts, deps);
    const unhealthyBefore = await findUnhealthy(users, deps);
    const latest = users.length > 0 ? await checkNow() : checked;
    const { notes, caDifferences, ...planned } =
      users.length > 0 ? await planWithApiServer(deps, options, latest) : first;
    if (planned.names.join() !== first.names.join())
      throw new CommandError(
        'file-changed',
        'the files of this node changed while it waited for the restart lease; nothing was changed',
        'run the same command again: its requests are kept',
      );
    const withHealth = { ...planned, unhealthyBefore };
    await rememberBefore(deps, options.rotation, latest.wanted);
    const prepared = await prepareInstallation(deps.folders, withHealth, deps.clock.now());
    deps.terminal.progress(`installing ${[...planned.names, ...planned.caFiles].join(', ')} ...`);
    const installed = await completeInstallation(prepared, deps, lease, reloading);
    return { installed, notes, caDifferences };
  } finally {
    await lease?.release();
  }
}

async function planWithApiServer(
  deps: RenewalDeps,
  options: RenewalOptions,
  checked: CheckedWithWaiting,
) {
  const planned = plan(deps, options, checked);
  await checkApiServer(deps.reach, checked.decision, deps.folders, planned.names);
  return planned;
}

function plan(
  deps: RenewalDeps,
  options: RenewalOptions,
  { certificates, decision, published, waiting, wanted }: CheckedWithWaiting,
) {
  const { folders, clock } = deps;
  const now = clock.now();
  const names = namesOf(certificates);
  const staying = stayingCertificates(folders, names);
  // what a rotation drops was judged by all that the node keeps
  const isJudged = (ca: CaName) => wanted.rotated.has(ca) && !accepts(options.caChange, ca);
  const unjudged = staying.filter(({ name }) => !isJudged(profileOf(name).ca));
  checkStayingCertificates(decision, folders, unjudged, waiting);
  checkOwnKubelet(decision, folders);
  const turned = turnBundles(decision, folders, published, [
    ...staying.map(stayingOnNode),
    ...certificates.flatMap(newLeaf).map(({ name, chain }) => onNode(name, chain)),
  ]);
  const { caFiles } = turned;
  const { changes, caData, notes } = planChanges({
    certificates,
    caFiles,
    also: options.also,
    folders,
    now,
  });
  const cas = casOfFiles(decision, folders);
  const users = [...names, ...caData];
  const sameCas = filesOfSameCas(turned, decision, folders);
  const read = changes.filter(({ path }) => !sameCas.includes(path));
  const restarts = options.restart ? neededRestarts(deps, users, cas, read) : [];
  const trustDomain =
    trustDomainOf(certificates) ?? options.trustDomain ?? options.rotation?.published.trustDomain;
  return {
    ...{ names, caData, cas, trustDomain, changes, notes, restarts, caFiles: [...caFiles.keys()] },
    // only what the service publishes differently, if nothing of it was installed
    caDifferences: turned.caFiles.size > 0 ? turned.changes : turned.differences,
  };
}

const newLeaf = ({ place: { name }, chainPem }: NewCertificate): NewLeaf[] => {
  const chain = chainOf(certificatesIn(chainPem));
  return chain === undefined ? [] : [{ name, chain }];
};

const trustDomainOf = (certificates: readonly IssuedCertificate[]) =>
  certificates.find(({ trustDomain }) => trustDomain)?.trustDomain;

function newCertificate(
  { staged, chainPem, trustDomain }: RenewalOutcome,
  place: PlaceState,
): IssuedCertificate[] {
  if (place.state !== 'present' || !staged || chainPem === undefined) return [];
  return [{ place, chainPem, keyPem: staged.keyPem, trustDomain }];
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
