/** `cakeless install-csrsigning`: wording and exit codes. */
import { systemClock } from '../clock.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { connectNode } from '../node/exchange/node-connection.ts';
import { RENEWAL_OUTCOME_SECONDS } from '../node/exchange/wait-seconds.ts';
import {
  type InstallForwarderOptions,
  installCsrsigning,
} from '../node/forwarder/install-csrsigning.ts';
import { CSRSIGNING } from '../node/forwarder/unit.ts';
import { createCsrsigning } from '../node/renewal/create-csrsigning.ts';
import type { CertificateReport } from '../node/renewal/report.ts';
import { hostSystemd } from '../node/restart/systemd.ts';
import { CAKELESS_ENV } from '../node/state/config-files.ts';
import { requireNode, resolveSettings, whoIsThis } from '../node/state/settings.ts';
import type { Terminal } from '../terminal.ts';
import { describeOutcomes } from '../wording/outcomes.ts';
import { leaseOf } from './node-lease.ts';

export interface InstallCsrsigningOptions extends InstallForwarderOptions {
  /** Seconds. */
  wait?: number;
}

/** Enough for an interrupted renewal, which is resumed first. */
const RESTART_TIMEOUT_SECONDS = 120;

export async function installCsrsigningHere(
  terminal: Terminal,
  options: InstallCsrsigningOptions,
): Promise<ExitCode> {
  const { nodeConfig } = options;
  const settings = resolveSettings(nodeConfig === undefined ? {} : { nodeConfig });
  const { folders, stateDir } = settings;
  const create = () => {
    requireNode(folders);
    const self = whoIsThis(settings);
    const connection = connectNode(process.env, settings.config);
    const exchange = () => connection.exchange();
    return createCsrsigning(
      {
        ...{ folders, stateDir, terminal, exchange },
        clock: systemClock,
        timeoutSeconds: RESTART_TIMEOUT_SECONDS,
        lease: () => leaseOf(exchange, terminal, self),
      },
      {
        ...self,
        waitSeconds: options.wait ?? RENEWAL_OUTCOME_SECONDS,
        waitForApprovals: options.wait !== undefined,
      },
    );
  };
  const { certificate, isStarted } = await installCsrsigning(options, {
    ...{ terminal, settings, create },
    systemd: hostSystemd,
    environmentFile: CAKELESS_ENV,
  });
  for (const line of describeInstalled(certificate, isStarted)) terminal.print(line);
  return exitCodeOf(certificate);
}

function describeInstalled(certificate: CertificateReport | undefined, isStarted: boolean) {
  if (certificate && certificate.outcome !== 'renewed') {
    const { outcome: state, ...rest } = certificate;
    return [
      ...describeOutcomes([{ ...rest, state }], { notDone: 'not installed' }),
      'the unit was not installed; run the same command again: nothing is requested twice',
    ];
  }
  return [
    ...(certificate ? [`created ${certificate.name}, valid until ${certificate.notAfter}`] : []),
    ...(isStarted ? STARTED : []),
  ];
}

const STARTED = [
  `started ${CSRSIGNING}; journalctl --unit ${CSRSIGNING} shows what it does`,
  'its identity, cakeless:csrsigning, is valid in every cluster of the trust domain, and has the permissions that each of them grants it',
  'once in each cluster: cakeless csrsigning --rbac | kubectl apply -f -; cakeless csrsigning --check shows what is missing',
];

function exitCodeOf(certificate: CertificateReport | undefined): ExitCode {
  if (!certificate || certificate.outcome === 'renewed') return EXIT.done;
  if (certificate.outcome === 'rejected') return EXIT.rejected;
  return certificate.outcome === 'check-failed' ? EXIT.checkFailed : EXIT.pending;
}
