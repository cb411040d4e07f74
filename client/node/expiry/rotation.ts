/** What `check-expiration` says of a rotation: how far it is, what is left on this node, and what it waits for. */
import type { NodeReport } from '../../../lib/contract/node-report.ts';

/** A component that has not read its CA files. */
interface WaitingComponent {
  readonly component: string;
  readonly state: string;
  readonly since?: string;
  readonly why: string;
  readonly fix: string;
}

export interface SeenRotation
  extends Pick<NonNullable<NodeReport['rotation']>, 'sequence' | 'ca' | 'phase'> {
  readonly left: readonly string[];
  readonly waiting: readonly WaitingComponent[];
}

/** Empty unless a rotation is under way. */
export function describeRotation(rotation: SeenRotation | undefined): string[] {
  if (rotation?.ca === undefined || rotation.phase === undefined) return [];
  const { ca, phase, left, waiting } = rotation;
  const open = [...left, ...waiting.map(({ why, fix }) => `${why}; ${fix}`)];
  return [
    '',
    `ROTATION OF ${ca}: phase ${phase}; ${open.length === 0 ? 'nothing is left to do on this node' : 'left on this node:'}`,
    ...open.map((why) => `  ${why}`),
  ];
}

/** The field of the document; absent unless a rotation is under way. */
export function rotationField(rotation: SeenRotation | undefined) {
  if (rotation?.ca === undefined || rotation.phase === undefined) return {};
  const { sequence, ca, phase, left, waiting } = rotation;
  return { rotation: { sequence, ca, phase, left, waiting } };
}
