/** The cells of the matrix: each release with each kind of key that it can make, in each situation. */
import { KUBEADM_RELEASES } from '../harness/programs.ts';
import { type KeyKind, keyKindsOf, type Situation, situationsOf } from './configurations.ts';

export interface Cell {
  readonly release: string;
  readonly kind: KeyKind;
  readonly situation: Situation;
}

export function cells(releases: readonly string[] = KUBEADM_RELEASES): Cell[] {
  return releases.flatMap((release) =>
    keyKindsOf(release).flatMap((kind) =>
      situationsOf(kind).map((situation) => ({ release, kind, situation })),
    ),
  );
}
