/** Whether this node follows what is published: never anything older than what it has already seen. */
import type { PublishedRotation } from '../../../lib/contract/published-rotation.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import {
  type RotationMemory,
  recallRotation,
  rotationMemoryFile,
} from '../state/rotation-memory.ts';
import type { RotationSource } from './read-rotation.ts';

/** What this node follows: what is published, and what it remembers with that. */
export interface FollowedRotation {
  readonly published: PublishedRotation;
  readonly memory: RotationMemory;
}

export interface RotationReading {
  /** Absent if nothing is published, or it is not followed. */
  readonly followed?: FollowedRotation;
  readonly warnings: readonly string[];
  /** Whether something older was published than this node has seen. */
  readonly isReplayed: boolean;
}

/** Never throws: without a rotation, a renewal does the same as in a stable trust domain. Writes nothing. */
export async function followRotation(
  source: RotationSource | undefined,
  stateDir: string,
): Promise<RotationReading> {
  const known = recallRotation(stateDir);
  let published: PublishedRotation | undefined;
  let reason = 'it does not exist';
  try {
    published = await source?.();
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  if (!published)
    return { warnings: known && source ? [describeMissing(known, reason)] : [], isReplayed: false };
  const before = known?.trustDomain === published.trustDomain ? known : undefined;
  if (before && published.sequence < before.sequence)
    return { warnings: [describeReplay(published, before, stateDir)], isReplayed: true };
  return {
    followed: { published, memory: advance(before, known?.compromised ?? [], published) },
    warnings: [],
    isReplayed: false,
  };
}

const describeMissing = ({ trustDomain, sequence }: RotationMemory, reason: string) =>
  `warning: the rotation of trust domain ${trustDomain} cannot be followed: ${reason}; this node has seen change ${sequence}, and follows no rotation until it can read that change or a newer one`;

const describeReplay = (
  { trustDomain, sequence }: PublishedRotation,
  before: RotationMemory,
  stateDir: string,
) =>
  `warning: trust domain ${trustDomain} publishes change ${sequence} of its rotations, but this node has seen change ${before.sequence}: it is ignored, because either an old change was replayed, or the higher number was forged; ask an operator to compare both with cakeless trust-domain rotation ${trustDomain}, and if ${sequence} is right, remove ${rotationMemoryFile(stateDir)}`;

/** More than a trust domain can have had. */
const MOST_REMEMBERED = 100;

/** @param known compromised keys, whichever trust domain said so: its name is published too, so it may be forged */
function advance(
  before: RotationMemory | undefined,
  known: RotationMemory['compromised'],
  { trustDomain, sequence, rotation, ended }: PublishedRotation,
): RotationMemory {
  const { ca, phase, from, to } = rotation ?? {};
  const isOf = (one: { ca: CaName; key: string }) =>
    one.ca === ca && one.key === from?.publicKeySha256;
  const isCompromised = rotation?.compromised === true;
  const compromised =
    rotation && isCompromised && !known.some(isOf)
      ? [...known, { ca: rotation.ca, key: rotation.from.publicKeySha256 }]
      : known;
  const retiring =
    rotation?.phase === 'retire' ? [{ ca: rotation.ca, key: rotation.from.publicKeySha256 }] : [];
  return {
    trustDomain,
    sequence,
    ...(ca !== undefined && { ca }),
    ...(phase !== undefined && { phase }),
    gone: [...ended.map((one) => ({ ca: one.ca, key: one.publicKeySha256 })), ...retiring],
    compromised: compromised.slice(-MOST_REMEMBERED),
    dropped: (before?.dropped ?? []).filter(
      (one) => isOf(one) && one.to === to?.publicKeySha256 && !compromised.some(isOf),
    ),
    left: before?.left ?? [],
  };
}
