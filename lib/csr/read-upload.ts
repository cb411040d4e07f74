/** What was uploaded, read as its path says: a CSR, or a CertificateSigningRequest of the certificates API. */
import type { CsrObject } from '../certificates-api/csr-object.ts';
import { signerOfPath } from '../certificates-api/signers.ts';
import { readApiRequest } from './read-api-request.ts';
import { type CsrReading, readRequest } from './read-request.ts';

export interface ReadUpload {
  readonly csr: CsrReading;
  /** undefined for a CSR, or if it is malformed. */
  readonly object?: CsrObject | undefined;
}

/** @param path below the request id */
export function readUpload(path: string, body: Uint8Array): ReadUpload {
  return signerOfPath(path) ? readApiRequest(body) : { csr: readRequest(body) };
}
