/** The calls of create-ca by which an operator rotates a CA. */
import type { Waiver } from '../../lib/contract/rotation.ts';
import type { Phase } from '../../lib/contract/rotation-phases.ts';
import type { Rotation } from '../../lib/contract/rotation-state.ts';
import { trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import { recordedStatus } from '../../lib/rotating/status.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { type InvokeCreateCa, parseResponse } from '../operator/create-ca.ts';
import {
  planResponseSchema,
  type Rotated,
  rotatedSchema,
  type ShownStatus,
  statusSchema,
} from './responses.ts';

export interface RotateDeps {
  readonly invokeCreateCa: InvokeCreateCa;
  authority(): Promise<ObjectStore>;
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
    /** The draft that is abandoned first. */
    readonly abandon?: number;
  };
}

/**
 * Changes the phase, or returns what is missing. A start is planned first, so that there is something to approve; that
 * records the draft of the new CA, or requests its certificate, and changes nothing else.
 */
export async function rotate(deps: RotateDeps, wanted: WantedPhase): Promise<Rotated> {
  const { trustDomain, ca, to, compromised, waivers, dryRun, newCa } = wanted;
  const common = { trustDomain, ca, waivers, ...(compromised && { compromised }) };
  const rotation = to === 'trust' ? await readRotation(deps, trustDomain) : undefined;
  refuseStarted(wanted, rotation);
  const planned =
    to === 'trust' && !dryRun && rotation === undefined
      ? await deps
          .invokeCreateCa({ action: 'plan-rotation', phase: to, ...common, ...newCa })
          .then((response) => parseResponse(planResponseSchema, response))
      : undefined;
  const response = await deps.invokeCreateCa({ action: 'rotate', to, ...common, dryRun });
  const rotated = parseResponse(rotatedSchema, response);
  const abandoned =
    planned && newCa.abandon !== undefined
      ? [`the draft of version ${newCa.abandon} is abandoned, and its number is never used again`]
      : [];
  return { ...rotated, notes: [...abandoned, ...(planned?.notes ?? []), ...rotated.notes] };
}

/** @throws CommandError if the draft that is to be abandoned is what nodes trust now */
function refuseStarted({ trustDomain, ca, newCa }: WantedPhase, rotation?: Rotation): void {
  if (rotation?.ca !== ca || rotation.to !== newCa.abandon) return;
  throw new CommandError(
    'usage',
    `version ${rotation.to} of ${ca} of trust domain ${trustDomain} is not a draft: its rotation has started, and is in phase ${rotation.phase}`,
    `to cancel it, run cakeless trust-domain rotate ${trustDomain} --ca ${ca} --to stable`,
  );
}

/** undefined if no CA of the trust domain is being rotated, or the trust domain does not exist. */
async function readRotation(
  { authority }: RotateDeps,
  trustDomain: string,
): Promise<Rotation | undefined> {
  const key = trustDomainKey(trustDomain);
  return (await readDocument(await authority(), key, trustDomainSchema))?.rotation;
}

/** Has all clusters examined: only for callers that may invoke create-ca. */
export async function readLiveStatus(
  invokeCreateCa: InvokeCreateCa,
  trustDomain: string,
): Promise<ShownStatus> {
  return parseResponse(statusSchema, await invokeCreateCa({ action: 'rotation', trustDomain }));
}

export interface ReaderDeps extends Pick<RotateDeps, 'authority'> {
  now(): Date;
}

/** As the daily check found it, for everyone who reads the authority bucket. */
export async function readRecordedStatus(
  { authority, now }: ReaderDeps,
  trustDomain: string,
): Promise<ShownStatus> {
  return recordedStatus({ authority: await authority(), now }, trustDomain);
}
