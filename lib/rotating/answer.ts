/** What create-ca answers to a request about rotations. It is loaded with the first of them. */
import type { CaKeys } from '../ca/ca-keys.ts';
import type { Service } from '../service.ts';
import { declareCompromised } from './declare-compromised.ts';
import type { Gate } from './gate-result.ts';
import { planRotation } from './plan-rotation.ts';
import { rotate } from './rotate.ts';
import type {
  AwaitedCertificate,
  PlannedRotation,
  RotateResponse,
  RotationRequest,
  RotationStatus,
} from './rotation-request.ts';
import { liveStatus } from './status.ts';

export function answerRotationRequest(
  service: Service,
  caKeys: CaKeys,
  gate: Gate,
  request: RotationRequest,
): Promise<PlannedRotation | AwaitedCertificate | RotateResponse | RotationStatus> {
  switch (request.action) {
    case 'plan-rotation':
      return planRotation(service, caKeys, request);
    case 'rotate':
      return rotate(service, gate, request);
    case 'rotation':
      return liveStatus(service, gate, request);
    case 'declare-compromised':
      return declareCompromised(service, request);
  }
}
