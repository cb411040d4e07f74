/** What `check-expiration` says of a rotation: how far it is, and what is left on this node. */
import type { NodeReport } from '../../../lib/contract/node-report.ts';

export type SeenRotation = Pick<
  NonNullable<NodeReport['rotation']>,
  'sequence' | 'ca' | 'phase' | 'left'
>;

/** Empty unless a rotation is under way. */
export function describeRotation(rotation: SeenRotation | undefined): string[] {
  if (rotation?.ca === undefined || rotation.phase === undefined) return [];
  const { ca, phase, left } = rotation;
  return [
    '',
    `ROTATION OF ${ca}: phase ${phase}; ${left.length === 0 ? 'nothing is left to do on this node' : 'left on this node:'}`,
    ...left.map((why) => `  ${why}`),
  ];
}

/** The field of the document; absent unless a rotation is under way. */
export function rotationField(rotation: SeenRotation | undefined) {
  if (rotation?.ca === undefined || rotation.phase === undefined) return {};
  const { sequence, ca, phase, left } = rotation;
  return { rotation: { sequence, ca, phase, left } };
}
