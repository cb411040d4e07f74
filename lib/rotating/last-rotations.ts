/**
 * The last rotation of each CA that has ended, as its history tells it. If it ended with waivers, nothing has proved that
 * the old CA is no longer needed, and people have to see that.
 */
import {
  parseRotationStepKey,
  type RotationName,
  type RotationStep,
  rotationStepKey,
  rotationStepSchema,
  rotationsOfCaPrefix,
  type Waiver,
} from '../contract/rotation.ts';
import type { Phase } from '../contract/rotation-phases.ts';
import { casOf, type TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import { readDocument } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { PHASE_CHANGES } from './phases.ts';
import type { LastRotation } from './rotation-request.ts';

type History = Pick<ObjectStore, 'get' | 'list'>;

/** As many as one request may have. */
const MOST_WAIVERS = 200;

/** A CA has about ten steps in each rotation. */
const MOST_STEPS = 10_000;

/** None for a CA that was never rotated. @throws Fault document-malformed if the history cannot be read */
export async function readLastRotations(
  authority: History,
  document: TrustDomainDocument,
): Promise<LastRotation[]> {
  const { trustDomain } = document;
  const rotated = casOf(document).filter(([, { versions }]) => versions.length > 1);
  const found = await Promise.all(
    rotated.map(([ca, { signing }]) => readLast(authority, { trustDomain, ca, to: signing })),
  );
  return found.filter((one) => one !== undefined);
}

/** @param wanted the version that signs: that of the last rotation which was not canceled */
async function readLast(
  authority: History,
  wanted: Omit<RotationName, 'from'>,
): Promise<LastRotation | undefined> {
  const last = await findLastStep(authority, wanted);
  if (!last) return undefined;
  const end = await readStep(authority, last, last.sequence);
  if (end.before !== 'retire' || end.after !== 'stable') return undefined;
  const given = new Map<Phase, readonly Waiver[]>();
  // a start that another rotation overtook has a lower number
  for (let step = end; ; step = await readStep(authority, last, step.sequence - 1)) {
    if (isForward(step) && !given.has(step.after)) given.set(step.after, step.waivers);
    if (step.before === 'stable') break;
  }
  const waivers = [...given]
    .reverse()
    .flatMap(([phase, all]) => all.map(({ subject, reason }) => ({ phase, subject, reason })));
  const { ca, from, to, at, compromised } = end;
  return {
    ...{ ca, from, to, endedAt: at, compromised },
    waivers: waivers.slice(0, MOST_WAIVERS),
    leftOut: Math.max(0, waivers.length - MOST_WAIVERS),
  };
}

/** No waiver is needed to go back, and to declare a CA compromised. */
const isForward = ({ before, after }: RotationStep): boolean =>
  PHASE_CHANGES.some(
    (row) => row.before === before && row.after === after && row.direction === 'forward',
  );

async function findLastStep(
  authority: History,
  { trustDomain, ca, to }: Omit<RotationName, 'from'>,
): Promise<(RotationName & { readonly sequence: number }) | undefined> {
  let last: ReturnType<typeof parseRotationStepKey>;
  let seen = 0;
  for await (const { key } of authority.list(rotationsOfCaPrefix(trustDomain, ca))) {
    seen += 1;
    if (seen > MOST_STEPS)
      throw new Fault(
        'document-malformed',
        `${key}: more than ${MOST_STEPS} objects are before it`,
      );
    const step = parseRotationStepKey(key);
    if (step?.to === to && step.sequence > (last?.sequence ?? 0)) last = step;
  }
  return last;
}

async function readStep(
  authority: History,
  name: RotationName,
  sequence: number,
): Promise<RotationStep> {
  const key = rotationStepKey(name, sequence);
  const step = await readDocument(authority, key, rotationStepSchema);
  if (step?.sequence === sequence) return step;
  throw new Fault('document-malformed', `${key}: a step of the rotation is missing`);
}
