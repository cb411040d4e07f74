/** Installs and removes the systemd unit of the forwarder, and obtains its kubeconfig if the node has none yet. */
import { resolve } from 'node:path';
import { CSRSIGNING_CONF } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { fileOf, placeOf } from '../disk/places.ts';
import { readPlace } from '../disk/read-place.ts';
import { hasCsrsigning } from '../renewal/creation.ts';
import type { CertificateReport } from '../renewal/report.ts';
import type { NodeSettings } from '../state/settings.ts';
import {
  planUnits,
  printUnits,
  refuseChangedUnits,
  stopAndRemove,
  type UnitSet,
  type UnitsDeps,
  type UnitsOptions,
  writeAndStart,
} from '../units/install-units.ts';
import {
  requireRootOwnedProgram,
  requireTrustedInputs,
  thisCommand,
} from '../units/trusted-inputs.ts';
import { checkUnitKnowsNode } from '../units/unit-environment.ts';
import { CSRSIGNING, csrsigningUnit } from './unit.ts';

export interface InstallForwarderOptions extends UnitsOptions {
  /** The node's configuration file, which the unit reads, too. */
  nodeConfig?: string;
}

export interface CsrsigningDeps extends UnitsDeps {
  readonly settings: NodeSettings;
  /** The EnvironmentFile= of the unit. */
  readonly environmentFile: string;
  /** Requests and installs the kubeconfig; see `client/node/renewal/create-csrsigning.ts`. */
  readonly create: () => Promise<CertificateReport | undefined>;
}

export interface InstalledCsrsigning {
  /** If the kubeconfig was requested: what became of it. */
  readonly certificate?: CertificateReport;
  /** Whether the unit was started. */
  readonly isStarted: boolean;
}

const NOTHING: InstalledCsrsigning = { isStarted: false };

/** The unit is written once the kubeconfig exists. In an image, without systemd, the unit comes first. */
export async function installCsrsigning(
  options: InstallForwarderOptions,
  deps: CsrsigningDeps,
): Promise<InstalledCsrsigning> {
  const { settings, environmentFile, systemd, terminal } = deps;
  const set = unitsOf(options, settings);
  const units = planUnits(set, options.unitDir);
  if (options.print) {
    printUnits(terminal, units);
    return NOTHING;
  }
  if (options.remove) {
    await stopAndRemove(set, units, options, deps, `${CSRSIGNING} is not installed`);
    return NOTHING;
  }
  checkUnitKnowsNode(settings.config, environmentFile, options.nodeConfig);
  requireTrustedInputs(settings, environmentFile);
  if (options.command === undefined) requireRootOwnedProgram('permanently');
  if (!options.replace) refuseChangedUnits(units);
  const needs = !hasCsrsigning(settings.folders) && systemd.isRunning();
  if (needs && options.dryRun) terminal.print(`would request ${CSRSIGNING_CONF}`);
  const certificate = needs && !options.dryRun ? await deps.create() : undefined;
  if (certificate && certificate.outcome !== 'renewed') return { certificate, isStarted: false };
  refuseUnusable(settings);
  const isStarted = await writeAndStart(set, units, options, deps);
  return { ...(certificate && { certificate }), isStarted };
}

/** An existing file without a certificate, as an interrupted `prepare --csrsigning` leaves it. */
function refuseUnusable({ folders }: NodeSettings): void {
  const place = readPlace(placeOf(CSRSIGNING_CONF, folders));
  if (place.state !== 'broken') return;
  throw new CommandError(
    'usage',
    `${place.file}: ${place.problem}`,
    'run cakeless prepare --csrsigning again if it was interrupted; otherwise move the file away, then run the command again',
  );
}

function unitsOf(
  { command = thisCommand(), nodeConfig: given }: InstallForwarderOptions,
  { folders }: NodeSettings,
): UnitSet {
  const nodeConfig = given && resolve(given);
  const kubeconfig = resolve(fileOf(placeOf(CSRSIGNING_CONF, folders)));
  return {
    writer: 'install-csrsigning',
    texts: { [CSRSIGNING]: csrsigningUnit({ command, kubeconfig, nodeConfig }) },
    // a running forwarder would keep the old program and options
    start: [
      ['enable', CSRSIGNING],
      ['restart', CSRSIGNING],
    ],
    stop: [['disable', '--now', CSRSIGNING]],
  };
}
