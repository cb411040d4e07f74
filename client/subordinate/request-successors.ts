/** Has the service sign the CSRs of new CA versions, which rotations below an outside CA begin with. */
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import type { PlanRotationRequest } from '../../lib/rotating/rotation-request.ts';
import { CommandError } from '../errors.ts';
import { type InvokeCreateCa, parseResponse } from '../operator/create-ca.ts';
import { planResponseSchema } from '../rotation/responses.ts';
import { type CertificatesToRequest, type RequestedCa, readCsr } from './request-certificates.ts';

/** @throws CommandError if the certificate of a new version is imported already */
export async function requestSuccessors(
  invoke: InvokeCreateCa,
  { trustDomain, cas, keySpec, keys }: Omit<CertificatesToRequest, 'commonName'>,
): Promise<RequestedCa[]> {
  const requested: RequestedCa[] = [];
  for (const ca of cas) {
    const keyId = keys[ca];
    const request: PlanRotationRequest = {
      action: 'plan-rotation',
      phase: 'trust',
      trustDomain,
      ca,
      belowAnother: true,
      ...(keyId !== undefined && { keyId }),
      ...(keySpec !== undefined && { keySpec }),
    };
    const response = parseResponse(planResponseSchema, await invoke(request));
    if (!('awaited' in response)) throw importedAlready(trustDomain, ca, response.to.version);
    const { version, ...found } = response.awaited;
    requested.push({ ca, ...found, ...(await readCsr(ca, found.csr)), successor: version });
  }
  return requested;
}

const importedAlready = (trustDomain: string, ca: CaName, version: number) =>
  new CommandError(
    'usage',
    `${ca} of trust domain ${trustDomain}: the certificate of version ${version} is imported, so its CSR is no longer needed`,
    `start the rotation with cakeless trust-domain rotate ${trustDomain} --ca ${ca} --to trust`,
  );
