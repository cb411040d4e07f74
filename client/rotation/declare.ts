/**
 * Declares the old CA of a rotation compromised. It cannot be undone, so what it would change is read first, and a person
 * confirms the version of the CA that they mean.
 */
import type { RotationPhase } from '../../lib/contract/rotation-phases.ts';
import { trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import { readDocument } from '../../lib/store/documents.ts';
import { CommandError } from '../errors.ts';
import { parseResponse } from '../operator/create-ca.ts';
import { type Rotated, rotatedSchema } from './responses.ts';
import type { RotateDeps } from './rotate.ts';

/** The rotation whose old CA would be declared compromised. */
export interface Declarable {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly from: number;
  readonly to: number;
  readonly phase: RotationPhase;
  /** Of the last change. */
  readonly sequence: number;
  /** Whether the old CA has certified the new one. */
  readonly hasCross: boolean;
  /** Whether it was declared already. */
  readonly compromised: boolean;
}

/** The version that is declared, by which a person confirms it. */
export const nameOfDeclared = ({ trustDomain, ca, from }: Declarable): string =>
  `${trustDomain}/${ca}/${from}`;

/** @throws CommandError if this CA is not being rotated */
export async function readDeclarable(
  deps: Pick<RotateDeps, 'authority'>,
  trustDomain: string,
  ca: CaName,
): Promise<Declarable> {
  const authority = await deps.authority();
  const document = await readDocument(authority, trustDomainKey(trustDomain), trustDomainSchema);
  if (!document) throw new CommandError('usage', `trust domain ${trustDomain}: does not exist`);
  const { rotation, sequence = 0 } = document;
  if (rotation?.ca !== ca)
    throw new CommandError(
      'usage',
      `${ca} of trust domain ${trustDomain} is not being rotated`,
      `start its rotation as that of a compromised CA with cakeless trust-domain rotate ${trustDomain} --ca ${ca} --to trust --compromised`,
    );
  const { from, to, phase, compromised = false } = rotation;
  const hasCross = document.cas[ca]?.versions.some(
    ({ version, cross }) => version === to && cross !== undefined,
  );
  return { trustDomain, ca, from, to, phase, sequence, hasCross: hasCross ?? false, compromised };
}

/**
 * @param seen what was confirmed
 * @throws CommandError if another rotation has begun since
 */
export async function declareCompromised(deps: RotateDeps, seen: Declarable): Promise<Rotated> {
  const { trustDomain, ca } = seen;
  const now = await readDeclarable(deps, trustDomain, ca);
  if (nameOfDeclared(now) !== nameOfDeclared(seen))
    throw new CommandError(
      'conflict',
      `nothing was declared: ${ca} of trust domain ${trustDomain} is now rotated from version ${now.from}, not ${seen.from}`,
      'run the command again, and look at what it would change',
    );
  const request = { action: 'declare-compromised', trustDomain, ca };
  return parseResponse(rotatedSchema, await deps.invokeCreateCa(request));
}
