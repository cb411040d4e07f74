/** `cakeless renew --dry-run`: prints what would be requested, changed and restarted. */
import { printable } from '../../lib/printable.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { KUBEADM_FOLDERS } from '../node/disk/kubeadm-folders.ts';
import type { NodeFolders } from '../node/disk/places.ts';
import { describeSkipped } from '../node/disk/select-names.ts';
import type { RenewalOptions } from '../node/renewal/options.ts';
import type { ForeseenRestart, ForeseenRotation, RenewalPreview } from '../node/renewal/preview.ts';
import type { CaChangePreview } from '../node/renewal/preview-ca-change.ts';
import { type OutputFormat, printResult, type Terminal } from '../terminal.ts';
import { describeRestart } from './describe-restarts.ts';

export function printPreview(
  terminal: Terminal,
  output: OutputFormat,
  { cluster, node }: RenewalOptions,
  folders: Pick<NodeFolders, 'kubeconfigDir'>,
  { renewals, skipped, restarts, caChange, rotation, warnings }: RenewalPreview,
): ExitCode {
  const result = {
    dryRun: true,
    cluster,
    node,
    certificates: [
      ...renewals,
      ...skipped.map((left) => ({ outcome: 'skipped' as const, ...left })),
    ],
    restarts,
    ...(caChange && { caChange }),
    ...(rotation && { rotation }),
    warnings,
  };
  printResult(terminal, output, result, () => [
    {
      columns: [
        'CERTIFICATE',
        'EXPIRES',
        { title: 'SUBJECT', cut: 'end', drop: 2 },
        { title: 'NAMES', cut: 'end' },
        { title: 'KEY', drop: 1 },
      ],
      rows: renewals.map((c) => [c.name, c.notAfter, c.subject, c.names.join(', '), c.key]),
    },
    ...describeSkipped(skipped).map((line) => printable(`skipped: ${line}`)),
    ...describeForeseen(restarts, folders),
    ...describeCaChange(caChange).map(printable),
    ...describeForeseenRotation(rotation).map(printable),
    ...warnings.map(printable),
    '(dry run: nothing was requested, changed or restarted)',
  ]);
  return skipped.some(({ isError }) => isError) ? EXIT.usage : EXIT.done;
}

export function describeForeseen(
  restarts: readonly ForeseenRestart[],
  { kubeconfigDir }: Pick<NodeFolders, 'kubeconfigDir'>,
): string[] {
  const would = restarts.filter(({ state }) => state === 'would-restart');
  const others = restarts.filter((restart) => restart.state !== 'would-restart');
  const areCopies =
    kubeconfigDir !== KUBEADM_FOLDERS.kubeconfigDir &&
    others.some(({ state }) => state === 'not-on-this-node');
  const nothing = areCopies
    ? `nothing: no component of this machine uses the files in ${kubeconfigDir}, which is not ${KUBEADM_FOLDERS.kubeconfigDir}`
    : 'nothing';
  return [
    `would restart: ${would.map(({ component }) => component).join(', ') || nothing}`,
    ...others.map(describeRestart),
  ];
}

function describeForeseenRotation(rotation: ForeseenRotation | undefined): string[] {
  if (!rotation) return [];
  const { ca, phase, refused } = rotation;
  return [
    ...(phase === undefined ? [] : [`rotation: ${ca} is rotated, in phase ${phase}`]),
    ...refused.map((line) => `rotation: ${line}`),
  ];
}

function describeCaChange(ca: CaChangePreview | undefined): string[] {
  if (!ca) return [];
  const { differences, problem } = ca;
  const isUnchanged = differences.length === 0 && problem === undefined;
  return [
    ...(isUnchanged ? ['CA: the CA files are those that the service publishes'] : []),
    ...differences.map((difference) => `CA: ${difference}`),
    ...(problem === undefined ? [] : problem.split('\n').map((line) => `CA: ${line.trim()}`)),
  ];
}
