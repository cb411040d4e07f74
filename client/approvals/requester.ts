/** Who created a CSR of the certificates API: its uploader is only the forwarder. */
import { signerOfPath } from '../../lib/certificates-api/signers.ts';
import type { RequestAddress } from '../../lib/contract/request-key.ts';
import { readApiRequest } from '../../lib/csr/read-api-request.ts';
import { listed, quote } from '../../lib/printable.ts';
import type { StoredObject } from '../../lib/store/object-store.ts';

/** `jane in group-a, system:authenticated`, as the forwarder says; undefined for any other request. */
export function requesterOf(
  { path }: Pick<RequestAddress, 'path'>,
  { body }: Pick<StoredObject, 'body'>,
): string | undefined {
  const spec = signerOfPath(path) && readApiRequest(body).object?.spec;
  return spec && `${quote(spec.username) || '(none)'} in ${listed(spec.groups ?? [])}`;
}
