/** What a rotation asks of a node, and what the node has not done, in lines. */
import type { RotationReport } from '../node/renewal/report.ts';

type Described = Pick<RotationReport, 'ca' | 'phase' | 'refused' | 'left'>;

/** Nothing for a trust domain that is stable, unless something is left. */
export function describeRotation(rotation: Described | undefined): string[] {
  if (!rotation) return [];
  const { ca, phase, refused, left } = rotation;
  const open = [...refused, ...left].map((line) => `rotation: ${line}`);
  if (ca === undefined || phase === undefined) return open;
  const done = open.length === 0 ? ', and this node has done what it asks for' : '';
  return [`rotation: ${ca} is rotated, in phase ${phase}${done}`, ...open];
}
