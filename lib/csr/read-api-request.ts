/** The CSR in a CertificateSigningRequest of the certificates API, read as any other CSR is. */
import { oncePerBytes } from '../bytes.ts';
import { type CsrObject, readCsrObject } from '../certificates-api/csr-object.ts';
import { type CsrReading, readRequest } from './read-request.ts';

export interface ApiRequest {
  /** undefined if it is malformed. */
  readonly object: CsrObject | undefined;
  /** Its violations include those of the object. */
  readonly csr: CsrReading;
}

/** A run reads the same bytes when it decides and again before it signs. */
export const readApiRequest: (body: Uint8Array) => ApiRequest = oncePerBytes((body) => {
  const { object, violations } = readCsrObject(body);
  if (!object) return { object, csr: { seen: {}, violations } };
  return { object, csr: readRequest(Buffer.from(object.spec.request, 'base64')) };
});
