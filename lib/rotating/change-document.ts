/**
 * What a step of a rotation changes in the document of a trust domain. The document is changed as it is stored: fields
 * that only a later release knows stay.
 */
import type { RotationStep } from '../contract/rotation.ts';
import type { Phase } from '../contract/rotation-phases.ts';
import type { CaVersion, TrustDomainDocument } from '../contract/trust-domain.ts';
import type { CaName } from '../profiles/certificate-names.ts';

type Stored = Record<string, unknown>;
/** What the schema of the document has proved of a stored one. */
type StoredDocument = Stored & {
  readonly cas: Record<CaName, Stored & { readonly versions: readonly (Stored & CaVersion)[] }>;
  readonly rotation?: Stored;
  readonly mustUnderstand?: readonly string[];
};

/** A release that does not know the phase `issue` would issue leaf certificates without the cross certificate. */
const MUST_UNDERSTAND = 'rotation';

/** @param added the version that a start adds */
export function changeDocument(
  value: unknown,
  step: RotationStep,
  added: CaVersion | undefined,
): Stored {
  const { rotation, mustUnderstand = [], ...document } = value as StoredDocument;
  const { ca, after, sequence } = step;
  const understand = [
    ...mustUnderstand.filter((field) => field !== MUST_UNDERSTAND),
    ...(after === 'issue' ? [MUST_UNDERSTAND] : []),
  ];
  const versions = document.cas[ca];
  return {
    ...document,
    cas: {
      ...document.cas,
      [ca]: {
        ...versions,
        signing: signingAfter(step),
        versions: changeVersions(versions.versions, step, added),
      },
    },
    sequence,
    ...(after !== 'stable' && { rotation: changeRotation(rotation, step, after) }),
    ...(understand.length > 0 && { mustUnderstand: understand }),
  };
}

function changeRotation(
  rotation: Stored | undefined,
  { ca, from, to, at, before, compromised }: RotationStep,
  phase: Exclude<Phase, 'stable'>,
): Stored {
  const started = rotation ?? { ca, from, to, since: at, startedAt: at };
  return {
    ...started,
    phase,
    ...(before !== phase && { since: at }),
    ...(compromised && { compromised }),
  };
}

/** The version that signs in the phase that a step leads to. */
function signingAfter({ before, after, from, to }: RotationStep): number {
  if (after === 'trust') return from;
  return after === 'stable' && before === 'trust' ? from : to;
}

function changeVersions(
  versions: readonly (Stored & CaVersion)[],
  step: RotationStep,
  added: CaVersion | undefined,
): readonly Stored[] {
  const known = versions.some(({ version }) => version === added?.version);
  const all = added && !known ? [...versions, added] : versions;
  return all.map((version) => changeVersion(version, step));
}

function changeVersion(version: Stored & CaVersion, step: RotationStep): Stored {
  const { from, to, compromised, at } = step;
  const { cross, ...alone } = version;
  return {
    ...alone,
    ...(cross !== undefined && !(compromised && version.version === to) && { cross }),
    ...(compromised && version.version === from && { compromised }),
    ...(version.version === endedBy(step) && { endedAt: at }),
  };
}

/** The version that no node trusts any more after a step; undefined if it ends none. */
export function endedBy({ before, after, from, to }: RotationStep): number | undefined {
  if (after !== 'stable') return undefined;
  return before === 'trust' ? to : from;
}

/** Whether a document is the result of a step, and of no later one. */
export function isResultOf(
  { sequence, rotation, cas }: TrustDomainDocument,
  step: RotationStep,
): boolean {
  if (sequence !== step.sequence) return false;
  const ended = endedBy(step);
  if (ended !== undefined) {
    const version = cas[step.ca]?.versions.find((one) => one.version === ended);
    return rotation === undefined && version?.endedAt === step.at;
  }
  return (
    rotation?.ca === step.ca &&
    rotation.from === step.from &&
    rotation.to === step.to &&
    rotation.phase === step.after &&
    (rotation.compromised ?? false) === step.compromised
  );
}
