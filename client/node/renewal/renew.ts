/**
 * `cakeless renew`: csr, submit, wait, check, install, restart, verify. Each step can be killed and called again: what
 * was asked for is in the request's journal, what is being installed in the installation's.
 */
import { awaitAnswers } from './answers.ts';
import { ask } from './ask.ts';
import { install } from './install-answers.ts';
import type { RenewWish, RenewWorld } from './options.ts';
import { recover } from './recover.ts';
import { type CertificateReport, type RenewReport, reportRenewed, reportTaken } from './report.ts';
import { closeAll } from './request-journal.ts';
import { takeTurn } from './turn.ts';

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
  for (const { installation } of done) await closeAll(world.stateDir, installation.journal.names);
  const fresh = done.flatMap(({ installation }) => installation.journal.names);
  const { requests, leftOut, taken, notes } = await ask(world, wish, fresh);
  const restarts = recovered.carried.flatMap((carried) => carried.restarts);
  const reports: CertificateReport[] = [
    ...fresh.map((name) => reportRenewed(world, name)),
    ...leftOut.map((left) => ({ outcome: 'left-out' as const, ...left })),
    ...taken.map(reportTaken),
  ];
  const base = { cluster, node, restarts, caDifferences: [], notes };
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
    notes: [...notes, ...installed.notes],
  };
}
