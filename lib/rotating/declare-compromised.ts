/**
 * Declares the old CA of the current rotation compromised: after that, it vouches for no other CA, and leaf certificates
 * are issued without the cross certificate. This needs no approval and no evidence, because it only takes trust away.
 */
import { publishTrust } from '../ca/publish-trust.ts';
import type { RotationStep } from '../contract/rotation.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { NOTHING } from './bound-findings.ts';
import { finishStep, writeStep } from './change-phase.ts';
import { readTrustDomainObject } from './read-trust-domain.ts';
import type { DeclareCompromisedRequest, RotateResponse } from './rotation-request.ts';

/** A change of phase that was begun is finished first, and another may begin at the same time. */
const MAX_ATTEMPTS = 5;

/** @throws Fault request-malformed if this CA is not being rotated */
export async function declareCompromised(
  service: Service,
  { trustDomain, ca }: DeclareCompromisedRequest,
): Promise<RotateResponse> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const { document } = await readTrustDomainObject(service, trustDomain);
    const { rotation, sequence = 0 } = document;
    if (rotation?.ca !== ca)
      throw new Fault(
        'request-malformed',
        `${ca} of trust domain ${trustDomain} is not being rotated: start its rotation as that of a compromised CA (cakeless trust-domain rotate ${trustDomain} --ca ${ca} --to trust --compromised)`,
      );
    const { from, to, phase } = rotation;
    if (rotation.compromised) {
      await publishTrust(service, trustDomain);
      return { trustDomain, ca, changed: attempt > 1, phase, sequence, ...NOTHING };
    }
    const step: RotationStep = {
      trustDomain,
      ca,
      from,
      to,
      sequence: sequence + 1,
      before: phase,
      after: phase,
      compromised: true,
      at: service.now().toISOString(),
      approvedBy: [],
      waivers: [],
    };
    // finishes the step of another change, if that came first
    await finishStep(service, await writeStep(service, step));
  }
  throw new Fault(
    'unavailable',
    `trust domain ${trustDomain}: other calls kept changing it; try again`,
  );
}
