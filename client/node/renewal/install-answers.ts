/** Checks the certificates that came, and installs those that are right: all of them or none. */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { prepareInstallation } from '../install/installation.ts';
import { fingerprints, type NewCertificate, planChanges } from '../install/plan.ts';
import { checkOthers, decideTrust, type Trust } from '../install/trust.ts';
import { placeOf } from '../places.ts';
import { readPlace } from '../read-place.ts';
import { componentsToWatch } from '../restart/components.ts';
import { selectCertificates } from '../select-names.ts';
import { type Answer, findProblems, publishedBundles } from './answers.ts';
import { carryThrough } from './carry-through.ts';
import { tidy } from './recover.ts';
import {
  type CertificateReport,
  type RenewReport,
  reportFailed,
  reportRenewed,
  reportUnissued,
} from './report.ts';
import { closeNames } from './request-journal.ts';
import { isHere, neededRestarts, takeTurn } from './turn.ts';
import type { RenewWish, RenewWorld } from './wish.ts';

export async function install(
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
