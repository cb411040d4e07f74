/**
 * `cakeless renew`: csr, submit, wait, check, install, restart, verify. Each step can be killed and called again: what
 * was asked for is in the request's journal, what is being installed in the installation's.
 */

import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { newRequestId, submit } from '../../commands/submit.ts';
import { CommandError, EXIT } from '../../exit-codes.ts';
import type { Terminal } from '../../terminal.ts';
import { type DesiredCsr, desiredFromDisk, type KeyWish } from '../csr/desired.ts';
import { adopt, findStaged, stage } from '../csr/staging.ts';
import { prepareInstallation } from '../install/installation.ts';
import { fingerprints, type NewCertificate, planChanges } from '../install/plan.ts';
import { checkOthers, decideTrust, type Trust } from '../install/trust.ts';
import type { HeldLease } from '../lease.ts';
import { placeOf } from '../places.ts';
import { type CertificateInPlace, readPlace } from '../read-place.ts';
import { type Component, componentsToRestart, componentsToWatch } from '../restart/components.ts';
import { readManifest } from '../restart/manifest.ts';
import type { RestartResult, RestartWorld } from '../restart/restart.ts';
import { type LeftOut, type Selection, selectCertificates } from '../select-names.ts';
import { type Answer, awaitAnswers, findProblems, publishedBundles } from './answers.ts';
import { carryThrough } from './carry-through.ts';
import { recover, tidy } from './recover.ts';
import { closeNames, listRequests, type OpenRequest, openRequest } from './request-journal.ts';

export interface RenewWish {
  readonly cluster: string;
  readonly node: string;
  readonly names: readonly string[];
  readonly request: string | undefined;
  readonly newRequest: boolean;
  readonly expiresWithinSeconds: number | undefined;
  readonly waitSeconds: number;
  readonly waitForApprovals: boolean;
  readonly acceptCaChange: boolean;
  readonly restart: boolean;
  readonly key: KeyWish;
  /** A folder that generate-csr or `renew --csr-only` filled: its keys and CSRs are used. */
  readonly csrDir: string | undefined;
  readonly also: readonly string[];
}

export interface RenewWorld extends RestartWorld {
  readonly terminal: Terminal;
  exchange(): Promise<ObjectStore>;
  /** undefined where another node held it for too long. */
  lease(): Promise<HeldLease | undefined>;
}

export interface CertificateReport {
  readonly name: CertificateName;
  readonly outcome: 'renewed' | 'rejected' | 'pending' | 'unanswered' | 'check-failed' | 'left-out';
  readonly request?: string;
  readonly notAfter?: string;
  readonly violations?: Answer['violations'];
  readonly problems?: readonly string[];
  readonly waitingFor?: string;
  readonly reason?: string;
  readonly isError?: boolean;
}

export interface RenewReport {
  readonly cluster: string;
  readonly node: string;
  readonly certificates: readonly CertificateReport[];
  readonly restarts: readonly RestartResult[];
  /** How the service's CA bundles differ from the CA files here. */
  readonly caDifferences: readonly string[];
  readonly notes: readonly string[];
  /** Folder that holds the old files; absent if nothing was installed. */
  readonly backup?: string;
}

/** To be called with the run lock held. */
export async function renew(world: RenewWorld, wish: RenewWish): Promise<RenewReport> {
  const { cluster, node } = wish;
  const recovered = await recover(world, (installations) =>
    installations.some(({ journal }) => journal.restarts.length > 0)
      ? takeTurn(world)
      : Promise.resolve(undefined),
  );
  const done = recovered.carried.filter(
    ({ installation }) => installation.journal.phase === 'done',
  );
  for (const { installation } of done)
    await closeInstalled(world.stateDir, installation.journal.names);
  const fresh = done.flatMap(({ installation }) => installation.journal.names);
  const { requests, leftOut } = await ask(world, wish, fresh);
  const restarts = done.flatMap((carried) => carried.restarts);
  const reports: CertificateReport[] = [
    ...fresh.map((name) => reportRenewed(world, name)),
    ...leftOut.map((left) => ({ outcome: 'left-out' as const, ...left })),
  ];
  const base = { cluster, node, restarts, caDifferences: [], notes: [] };
  if (requests.length === 0) return { ...base, certificates: reports };
  const exchange = await world.exchange();
  const answers = await awaitAnswers(exchange, world.terminal, requests, {
    seconds: wish.waitSeconds,
    forApprovals: wish.waitForApprovals,
    clock: world.clock,
  });
  const installed = await install(world, wish, exchange, answers);
  return {
    ...base,
    ...installed,
    certificates: [...reports, ...installed.certificates],
    restarts: [...restarts, ...installed.restarts],
  };
}

/** Uploads what is not uploaded yet; goes on with what earlier runs asked for. */
async function ask(
  world: RenewWorld,
  wish: RenewWish,
  fresh: readonly CertificateName[],
): Promise<{ requests: OpenRequest[]; leftOut: readonly LeftOut[] }> {
  const wanted = (name: CertificateName) => wish.names.includes('all') || wish.names.includes(name);
  let open = listRequests(world.stateDir);
  if (wish.newRequest) {
    for (const request of open) await closeNames(request, request.open.filter(wanted));
    open = listRequests(world.stateDir);
  }
  const selection = selectWanted(world, wish);
  const waiting = new Set([...open.flatMap((request) => request.open), ...fresh]);
  const toAsk = selection.present.filter(({ name }) => !waiting.has(name));
  if (toAsk.length > 0) {
    const { cluster, node, request = newRequestId(world.clock.now()) } = wish;
    const names = toAsk.map(({ name }) => name);
    const createdAt = world.clock.now().toISOString();
    await openRequest(world.stateDir, { cluster, node, request, createdAt, open: names });
  }
  const mine = listRequests(world.stateDir).filter((request) => request.open.some(wanted));
  const requests: OpenRequest[] = [];
  for (const request of mine) requests.push(await upload(world, wish, request));
  return {
    requests: requests.filter(({ open: names }) => names.length > 0),
    leftOut: selection.leftOut.filter(({ name }) => !waiting.has(name)),
  };
}

export function selectWanted({ folders, clock }: RestartWorld, wish: RenewWish): Selection {
  const { names, expiresWithinSeconds } = wish;
  return selectCertificates(folders, { names, expiresWithinSeconds, now: clock.now() });
}

async function upload(
  world: RenewWorld,
  wish: RenewWish,
  request: OpenRequest,
): Promise<OpenRequest> {
  const places = request.open.map((name) => readPlace(placeOf(name, world.folders)));
  const gone = places.filter(({ state }) => state !== 'present').map(({ name }) => name);
  const left = gone.length > 0 ? await closeNames(request, gone) : request;
  if (left.open.length === 0) return left;
  for (const place of places)
    if (place.state === 'present') await stageOne(left.folder, place, wish);
  await submit(await world.exchange(), quiet(world.terminal), left.folder, left);
  return left;
}

/** What is staged under a request may have been sent: it stays, whatever is wished for now. */
async function stageOne(folder: string, place: CertificateInPlace, wish: RenewWish): Promise<void> {
  if (findStaged(folder, place.name)) return;
  if (wish.csrDir !== undefined && (await adopt(folder, wish.csrDir, place.name))) return;
  await stage(folder, desired(place, wish));
}

export const desired = (place: CertificateInPlace, { key }: RenewWish): DesiredCsr =>
  desiredFromDisk(place, key);

/** Which of a hundred files was there already is of no use to a timer's log. */
const quiet = (terminal: Terminal): Terminal => ({
  ...terminal,
  progress: (line) => (line.startsWith('was there') ? undefined : terminal.progress(line)),
});

async function install(
  world: RenewWorld,
  wish: RenewWish,
  exchange: ObjectStore,
  answers: readonly Answer[],
): Promise<Omit<RenewReport, 'cluster' | 'node'>> {
  const issued = answers.filter(({ state }) => state === 'issued');
  const trust = decideTrust(
    world.folders,
    await publishedBundles(exchange, issued),
    wish.acceptCaChange,
  );
  const now = world.clock.now();
  const checked = issued.map((answer) => ({ answer, problems: findProblems(answer, trust, now) }));
  const good = checked.filter(({ problems }) => problems.length === 0).map(({ answer }) => answer);
  const reports: CertificateReport[] = [
    ...answers.filter(({ state }) => state !== 'issued').map(reportUnissued),
    ...checked
      .filter(({ problems }) => problems.length > 0)
      .map(({ answer, problems }) => reportFailed(answer, problems, trust)),
  ];
  const candidates = good.flatMap((answer) => newCertificate(world, answer));
  // a run that was cut off after its installation left nothing to do but the books
  const certificates = candidates.filter((candidate) => !isInPlace(candidate));
  const there = candidates.filter(isInPlace).map(({ place }) => place.name);
  reports.push(...there.map((name) => reportRenewed(world, name)));
  const nothing = { restarts: [], caDifferences: trust.differences, notes: [] };
  if (certificates.length === 0) {
    await closeAnswered(answers, there);
    return { ...nothing, certificates: reports };
  }
  const names = certificates.map(({ place }) => place.name);
  const { carried, notes } = await installAll(world, wish, certificates, trust, now);
  await closeAnswered(answers, [...names, ...there]);
  await tidy(world.stateDir);
  return {
    ...nothing,
    notes,
    restarts: carried.restarts,
    backup: carried.installation.folder,
    certificates: [...names.map((name) => reportRenewed(world, name)), ...reports],
  };
}

async function installAll(
  world: RenewWorld,
  wish: RenewWish,
  certificates: readonly NewCertificate[],
  trust: Trust,
  now: Date,
) {
  const { folders, stateDir } = world;
  const names = certificates.map(({ place }) => place.name);
  const staying = selectCertificates(folders, { names: ['all'], now }).present.filter(
    ({ name }) => !names.includes(name),
  );
  checkOthers(trust, folders, staying);
  const { changes, notes } = planChanges({
    ...{ certificates, caFiles: trust.caFiles, also: wish.also, folders, now },
  });
  const caChanged = trust.caFiles.size > 0;
  const restarts = wish.restart ? neededRestarts(world, names, caChanged) : [];
  const watched = wish.restart ? componentsToWatch(names, restarts) : [];
  // who watches may have to restart
  const here = [...restarts, ...watched].some((component) => isHere(component, world));
  const lease = here ? await takeTurn(world) : undefined;
  try {
    const plan = { names, caChanged, changes, restarts };
    const prepared = await prepareInstallation(stateDir, plan, now);
    world.terminal.progress(`installing ${names.join(', ')} ...`);
    return { carried: await carryThrough(prepared, world, lease, watched), notes };
  } finally {
    await lease?.release();
  }
}

export function neededRestarts(
  { folders }: RestartWorld,
  names: readonly CertificateName[],
  caChanged: boolean,
) {
  const version = readManifest('kube-apiserver', folders)?.version;
  return componentsToRestart(names, caChanged, () => version);
}

/** A kubelet disturbs no other node when it restarts; a static pod might. */
const isHere = (component: Component, { folders }: RestartWorld) =>
  readManifest(component, folders) !== undefined;

/** @throws CommandError if other nodes had the lease all the time; nothing was changed then */
async function takeTurn(world: RenewWorld): Promise<HeldLease> {
  const lease = await world.lease();
  if (lease) return lease;
  throw new CommandError(
    EXIT.pending,
    'another node of the cluster restarts its components; nothing was changed here',
    'run the same command again: what was asked for is kept',
  );
}

function newCertificate(world: RenewWorld, answer: Answer): NewCertificate[] {
  const place = readPlace(placeOf(answer.name, world.folders));
  if (place.state !== 'present' || !answer.staged || answer.chainPem === undefined) return [];
  return [{ place, chainPem: answer.chainPem, keyPem: answer.staged.keyPem }];
}

function isInPlace({ place, chainPem }: NewCertificate): boolean {
  const [wanted] = fingerprints(chainPem);
  return [place, ...(place.embedded ? [place.embedded] : [])].every(
    ({ leaf, problems }) => problems.length === 0 && leaf.fingerprint256 === wanted,
  );
}

/** Installed and rejected names are settled; the others stay open for the next run. */
async function closeAnswered(
  answers: readonly Answer[],
  installed: readonly CertificateName[],
): Promise<void> {
  for (const request of new Set(answers.map((answer) => answer.request))) {
    const own = answers.filter((answer) => answer.request === request);
    const settled = own.filter(
      ({ name, state }) => state === 'rejected' || installed.includes(name),
    );
    if (settled.length > 0)
      await closeNames(
        request,
        settled.map(({ name }) => name),
      );
  }
}

async function closeInstalled(stateDir: string, names: readonly CertificateName[]): Promise<void> {
  for (const request of listRequests(stateDir)) await closeNames(request, names);
}

/** Read back from the node: what is reported is what is there. */
function reportRenewed({ folders }: RestartWorld, name: CertificateName): CertificateReport {
  const place = readPlace(placeOf(name, folders));
  if (place.state !== 'present' || place.problems.length > 0)
    throw new Error(`${name}: is not as it was installed`);
  return { name, outcome: 'renewed', notAfter: new Date(place.leaf.validTo).toISOString() };
}

function reportUnissued({ name, state, request, ...answer }: Answer): CertificateReport {
  const { violations, waitingFor } = answer;
  return {
    ...{ name, outcome: state === 'issued' ? 'renewed' : state, request: request.request },
    ...(violations && { violations }),
    ...(waitingFor !== undefined && { waitingFor }),
  };
}

function reportFailed(
  { name, request }: Answer,
  problems: readonly string[],
  { differences, caFiles }: Trust,
): CertificateReport {
  const hint =
    differences.length > 0 && caFiles.size === 0
      ? [
          ...differences,
          '--accept-ca-change would change these CA files, and restart what reads them',
        ]
      : [];
  return {
    ...{ name, outcome: 'check-failed' as const, request: request.request },
    problems: [...problems, ...hint],
  };
}
