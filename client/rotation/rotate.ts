/** The calls of create-ca by which an operator rotates a CA. */
import type { Waiver } from '../../lib/contract/rotation.ts';
import type { Phase, RotationPhase } from '../../lib/contract/rotation-phases.ts';
import { trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { type InvokeCreateCa, parseResponse } from '../operator/create-ca.ts';
import {
  planResponseSchema,
  type Rotated,
  type RotationStatus,
  rotatedSchema,
  statusSchema,
} from './responses.ts';

export interface RotateDeps {
  readonly invokeCreateCa: InvokeCreateCa;
  authority(): Promise<Pick<ObjectStore, 'get'>>;
}

export interface WantedPhase {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly to: Phase;
  readonly compromised: boolean;
  readonly waivers: readonly Waiver[];
  readonly dryRun: boolean;
  /** Of the new CA; only for a start. */
  readonly newCa: {
    readonly keyId?: string;
    readonly keySpec?: string;
    readonly validityDays?: number;
    readonly ownRoot?: true;
  };
}

/**
 * Changes the phase, or returns what is missing. A start is planned first, so that there is something to approve; that
 * records the draft of the new CA, or requests its certificate, and changes nothing else.
 */
export async function rotate(deps: RotateDeps, wanted: WantedPhase): Promise<Rotated> {
  const { trustDomain, ca, to, compromised, waivers, dryRun, newCa } = wanted;
  const common = { trustDomain, ca, waivers, ...(compromised && { compromised }) };
  const planned =
    to === 'trust' && !dryRun && (await phaseOf(deps, trustDomain)) === undefined
      ? await deps
          .invokeCreateCa({ action: 'plan-rotation', phase: to, ...common, ...newCa })
          .then((response) => parseResponse(planResponseSchema, response))
      : undefined;
  const response = await deps.invokeCreateCa({ action: 'rotate', to, ...common, dryRun });
  const rotated = parseResponse(rotatedSchema, response);
  return { ...rotated, notes: [...(planned?.notes ?? []), ...rotated.notes] };
}

/** undefined if no CA of the trust domain is being rotated, or the trust domain does not exist. */
async function phaseOf(
  { authority }: RotateDeps,
  trustDomain: string,
): Promise<RotationPhase | undefined> {
  const key = trustDomainKey(trustDomain);
  return (await readDocument(await authority(), key, trustDomainSchema))?.rotation?.phase;
}

export async function readStatus(
  invokeCreateCa: InvokeCreateCa,
  trustDomain: string,
  live: boolean,
): Promise<RotationStatus> {
  const request = { action: 'rotation', trustDomain, ...(live && { live }) };
  return parseResponse(statusSchema, await invokeCreateCa(request));
}

export async function declareCompromised(
  invokeCreateCa: InvokeCreateCa,
  trustDomain: string,
  ca: CaName,
): Promise<Rotated> {
  const request = { action: 'declare-compromised', trustDomain, ca };
  return parseResponse(rotatedSchema, await invokeCreateCa(request));
}
