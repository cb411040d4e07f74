/** `cakeless renew --dry-run`: what would be asked for and restarted. */
import { formatName } from '../../lib/csr/alternative-names.ts';
import { printable } from '../../lib/printable.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Component } from '../node/disk/components.ts';
import { placeOf } from '../node/disk/places.ts';
import { describeLeftOut } from '../node/disk/select-names.ts';
import { desired, type RenewWish, selectWanted } from '../node/renewal/options.ts';
import { type CaChangePreview, previewCaChange } from '../node/renewal/preview-ca-change.ts';
import { neededRestarts } from '../node/renewal/turn.ts';
import type { RestartWorld } from '../node/restart/restart.ts';
import { type NotRestarted, whyNotRestarted } from '../node/restart/restartable.ts';
import { formatTable, type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeSubject } from '../wording/csrs.ts';
import { describeRestart } from './describe-restarts.ts';

type Foreseen = { readonly component: Component; readonly state: 'would-restart' } | NotRestarted;

/** Asks the bucket for nothing, but for the CAs that would be taken over. */
export async function previewRenewal(
  terminal: Terminal,
  world: RestartWorld,
  wish: RenewWish,
  output: OutputFormat,
  exchange: () => Promise<ObjectStore>,
): Promise<ExitCode> {
  const { present, leftOut } = selectWanted(world, wish);
  const certificates = present.map((place) => {
    const { contents, keyKind } = desired(place, wish);
    return {
      ...{ name: place.name, outcome: 'would-renew' as const },
      notAfter: new Date(place.leaf.validTo).toISOString(),
      ...{ subject: describeSubject(contents.subject), names: contents.names.map(formatName) },
      ...{ key: keyKind, file: fileOf(placeOf(place.name, world.folders)) },
    };
  });
  const names = present.map(({ name }) => name);
  const needed = wish.restart ? neededRestarts(world, names, wish.caChange.accept) : [];
  const restarts = needed.map((component) => foresee(component, world));
  const ca = wish.caChange.accept
    ? await previewCaChange(await exchange(), wish, names, world.folders, wish.caChange)
    : undefined;
  const { cluster, node } = wish;
  const result = {
    ...{ dryRun: true, cluster, node },
    certificates: [
      ...certificates,
      ...leftOut.map((left) => ({ outcome: 'left-out' as const, ...left })),
    ],
    ...{ restarts, ...(ca && { caChange: ca }) },
  };
  printResult(terminal, output, result, () => [
    ...formatTable(
      ['CERTIFICATE', 'EXPIRES', 'SUBJECT', 'NAMES', 'KEY'],
      certificates.map((c) => [c.name, c.notAfter, c.subject, c.names.join(', '), c.key]),
    ),
    ...describeLeftOut(leftOut).map((line) => printable(`left out: ${line}`)),
    ...describeForeseen(restarts),
    ...describeCaChange(ca).map(printable),
    '(dry run: nothing was asked, changed or restarted)',
  ]);
  return leftOut.some(({ isError }) => isError) ? EXIT.usage : EXIT.done;
}

const foresee = (component: Component, world: RestartWorld): Foreseen =>
  whyNotRestarted(component, world) ?? { component, state: 'would-restart' };

function describeForeseen(restarts: readonly Foreseen[]): string[] {
  const would = restarts.filter(({ state }) => state === 'would-restart');
  const others = restarts.filter((restart) => restart.state !== 'would-restart');
  return [
    `would restart: ${would.map(({ component }) => component).join(', ') || 'nothing'}`,
    ...others.map(describeRestart),
  ];
}

function describeCaChange(ca: CaChangePreview | undefined): string[] {
  if (!ca) return [];
  const { differences, problem } = ca;
  const none = differences.length === 0 && problem === undefined;
  return [
    ...(none ? ['CA: the files are those of the service'] : []),
    ...differences.map((difference) => `CA: ${difference}`),
    ...(problem === undefined ? [] : problem.split('\n').map((line) => `CA: ${line.trim()}`)),
  ];
}

const fileOf = (place: ReturnType<typeof placeOf>) =>
  place.kind === 'pair' ? place.certificateFile : place.file;
