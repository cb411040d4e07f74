/** Has the service renew the certificate of a CA with the same key. */
import * as z from 'zod/mini';
import type { RenewCaRequest, RenewedCa } from '../../lib/ca/trust-domain-request.ts';
import { CA_NAMES } from '../../lib/profiles/certificate-names.ts';
import { type InvokeCreateCa, parseResponse } from './create-ca.ts';

const certificateSchema = z.object({
  notAfter: z.string(),
  sha256: z.exactOptional(z.string()),
});

export const renewedCaSchema = z.object({
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  version: z.number(),
  renewals: z.number(),
  changed: z.boolean(),
  before: certificateSchema,
  after: certificateSchema,
});

export async function renewCaCertificate(
  invoke: InvokeCreateCa,
  request: Omit<RenewCaRequest, 'action'>,
): Promise<RenewedCa> {
  return parseResponse(renewedCaSchema, await invoke({ action: 'renew-ca', ...request }));
}
