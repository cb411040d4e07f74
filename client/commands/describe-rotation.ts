/** What a rotation asks of a node, and what the node has not done, in lines, and the exit code for what it waits for. */
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { Waiting } from '../node/evidence/waiting.ts';
import type { RotationReport } from '../node/renewal/report.ts';

type Described = Pick<RotationReport, 'ca' | 'phase' | 'refused' | 'left' | 'waiting'>;

/** Nothing for a trust domain that is stable, unless something is left. */
export function describeRotation(rotation: Described | undefined): string[] {
  if (!rotation) return [];
  const { ca, phase, refused, left, waiting } = rotation;
  const all = [...refused, ...left, ...waiting.map(({ why, fix }) => `${why}; ${fix}`)];
  const open = all.map((line) => `rotation: ${line}`);
  if (ca === undefined || phase === undefined) return open;
  const done = open.length === 0 ? ', and this node has done what it asks for' : '';
  return [`rotation: ${ca} is rotated, in phase ${phase}${done}`, ...open];
}

/** A later run changes nothing about components that do not run, or have to be restarted. */
export function exitCodeOfWaiting(
  rotation: { readonly ca?: string | undefined; readonly waiting: readonly Waiting[] } | undefined,
): ExitCode {
  if (rotation?.ca === undefined) return EXIT.done;
  const { waiting } = rotation;
  if (waiting.some(({ state }) => state === 'not-running')) return EXIT.unhealthy;
  return waiting.length > 0 ? EXIT.byHand : EXIT.done;
}
