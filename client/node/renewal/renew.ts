/**
 * `cakeless renew`: csr, submit, wait, check, install, restart, verify. Each step can be killed and called again: what
 * was asked for is in the request's journal, what is being installed in the installation's.
 */
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { awaitAnswers } from './answers.ts';
import { ask } from './ask.ts';
import { install } from './install-answers.ts';
import { recover } from './recover.ts';
import { type CertificateReport, type RenewReport, reportRenewed } from './report.ts';
import { closeNames, listRequests } from './request-journal.ts';
import { takeTurn } from './turn.ts';
import type { RenewWish, RenewWorld } from './wish.ts';

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

async function closeInstalled(stateDir: string, names: readonly CertificateName[]): Promise<void> {
  for (const request of listRequests(stateDir)) await closeNames(request, names);
}
