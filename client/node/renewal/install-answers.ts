/** Checks the certificates that came, and installs those that are right: all of them or none. */
import type { CaName, CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import { componentsToWatch } from '../disk/components.ts';
import { placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { selectCertificates } from '../disk/select-names.ts';
import { prepareInstallation } from '../install/installation.ts';
import { fingerprints, type NewCertificate, planChanges } from '../install/plan.ts';
import { checkSeen, findUnwell } from '../restart/before.ts';
import { checkOthers, decideTrust, type Trust } from '../trust/ca-change.ts';
import type { PublishedBundle } from '../trust/read-bundle.ts';
import { type Answer, publishedBundles } from './answers.ts';
import { carryThrough } from './carry-through.ts';
import { type CheckedAnswer, checkAnswer } from './check-answer.ts';
import type { RenewWish, RenewWorld } from './options.ts';
import { tidy } from './recover.ts';
import {
  type CertificateReport,
  type RenewReport,
  reportFailed,
  reportRenewed,
  reportUnissued,
} from './report.ts';
import { closeAll } from './request-journal.ts';
import { isHere, neededRestarts, takeTurn } from './turn.ts';

export async function install(
  world: RenewWorld,
  wish: RenewWish,
  exchange: ObjectStore,
  answers: readonly Answer[],
): Promise<Omit<RenewReport, 'cluster' | 'node'>> {
  const issued = answers.filter(({ state }) => state === 'issued');
  const published = await publishedBundles(exchange, issued);
  const look = () => judge(world, wish, issued, published);
  const { trust, failed, certificates, there } = look();
  const reports: CertificateReport[] = [
    ...answers.filter(({ state }) => state !== 'issued').map(reportUnissued),
    ...failed.map((checked) => reportFailed(checked, trust)),
    ...there.map((name) => reportRenewed(world, name)),
  ];
  await closeSpent(world, failed);
  const settled = [...rejected(answers), ...there];
  const nothing = { restarts: [], caDifferences: trust.differences, notes: [] };
  if (certificates.length === 0) {
    await closeAll(world.stateDir, settled);
    return { ...nothing, certificates: reports };
  }
  const names = namesOf(certificates);
  const { carried, notes } = await installAll(world, wish, look);
  await closeAll(world.stateDir, [...names, ...settled]);
  await tidy(world.stateDir);
  return {
    ...nothing,
    notes,
    caDifferences: trust.caFiles.size > 0 ? trust.changes : trust.differences,
    restarts: carried.restarts,
    backup: carried.installation.folder,
    certificates: [...names.map((name) => reportRenewed(world, name)), ...reports],
  };
}

/** What came, held against the files of the node as they are now. */
interface Judged {
  readonly trust: Trust;
  readonly failed: readonly CheckedAnswer[];
  /** To be installed. */
  readonly certificates: readonly NewCertificate[];
  /** In place already: a run that was cut off after its installation left nothing to do but the books. */
  readonly there: readonly CertificateName[];
}

const namesOf = (certificates: readonly NewCertificate[]) =>
  certificates.map(({ place }) => place.name);

function judge(
  world: RenewWorld,
  wish: RenewWish,
  issued: readonly Answer[],
  published: ReadonlyMap<CaName, PublishedBundle>,
): Judged {
  const trust = decideTrust(world.folders, published, wish.caChange);
  const now = world.clock.now();
  const checked = issued.map((answer) => checkAnswer(answer, trust, now, world.folders));
  const good = checked.filter(({ problems }) => problems.length === 0);
  const candidates = good.flatMap(({ answer }) => newCertificate(world, answer));
  return {
    trust,
    failed: checked.filter(({ problems }) => problems.length > 0),
    certificates: candidates.filter((candidate) => !isInPlace(candidate)),
    there: namesOf(candidates.filter(isInPlace)),
  };
}

/** @param look is called again once it is this node's turn: people have edited files in the meantime */
async function installAll(world: RenewWorld, wish: RenewWish, look: () => Judged) {
  // what can't be changed at all is said before the wait
  const first = plan(world, wish, look());
  const watched = wish.restart ? componentsToWatch(first.names, first.restarts) : [];
  // who watches may have to restart
  const used = [...first.restarts, ...watched];
  const here = used.some((component) => isHere(component, world));
  const lease = here ? await takeTurn(world) : undefined;
  try {
    await checkSeen(used, world);
    const unwellBefore = await findUnwell(used, world);
    const { notes, ...planned } = plan(world, wish, look());
    if (planned.names.join() !== first.names.join())
      throw new CommandError(
        'failure',
        'the files of this node changed while it waited for its turn; nothing was changed',
        'run the same command again: what was asked for is kept',
      );
    const withHealth = { ...planned, unwellBefore };
    const prepared = await prepareInstallation(world.stateDir, withHealth, world.clock.now());
    world.terminal.progress(`installing ${planned.names.join(', ')} ...`);
    return { carried: await carryThrough(prepared, world, lease, watched), notes };
  } finally {
    await lease?.release();
  }
}

function plan(world: RenewWorld, wish: RenewWish, { certificates, trust }: Judged) {
  const { folders, clock } = world;
  const now = clock.now();
  const names = namesOf(certificates);
  const staying = selectCertificates(folders, { names: ['all'], now }).present.filter(
    ({ name }) => !names.includes(name),
  );
  checkOthers(trust, folders, staying);
  const { changes, notes } = planChanges({
    ...{ certificates, caFiles: trust.caFiles, also: wish.also, folders, now },
  });
  const caChanged = trust.caFiles.size > 0;
  const restarts = wish.restart ? neededRestarts(world, names, caChanged) : [];
  return { names, caChanged, changes, notes, restarts };
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

/** Before the installation, which may fail and report nothing: so it is told of at once, too. */
async function closeSpent(world: RenewWorld, failed: readonly CheckedAnswer[]): Promise<void> {
  const spent = failed.filter(({ isSpent }) => isSpent);
  for (const { answer, problems } of spent)
    world.terminal.progress(`${answer.name}: is asked for anew: ${problems.join('; ')}`);
  await closeAll(
    world.stateDir,
    spent.map(({ answer }) => answer.name),
  );
}

const rejected = (answers: readonly Answer[]) =>
  answers.filter(({ state }) => state === 'rejected').map(({ name }) => name);
