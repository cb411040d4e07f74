/**
 * The CSR in an upload, and who requested it. Of a CSR of the certificates API, the uploader is the forwarder; who created
 * it is the cluster's word, which the forwarder brings.
 */
import { signerOfPath } from '../../lib/certificates-api/signers.ts';
import type { RequestAddress } from '../../lib/contract/request-key.ts';
import { readApiRequest } from '../../lib/csr/read-api-request.ts';
import { readRequest, type SeenRequest } from '../../lib/csr/read-request.ts';
import { listed, quote } from '../../lib/printable.ts';
import type { StoredObject } from '../../lib/store/object-store.ts';

export interface SeenUpload {
  readonly seen: SeenRequest;
  /** Only of the certificates API: `jane in group-a, system:authenticated`. */
  readonly requester: string | undefined;
}

export function readUpload(
  { path }: Pick<RequestAddress, 'path'>,
  { body }: Pick<StoredObject, 'body'>,
): SeenUpload {
  if (!signerOfPath(path)) return { seen: readRequest(body).seen, requester: undefined };
  const { object, csr } = readApiRequest(body);
  const { username, groups } = object?.spec ?? {};
  return {
    seen: csr.seen,
    requester:
      username === undefined
        ? undefined
        : `${quote(username) || '(none)'} in ${listed(groups ?? [])}`,
  };
}
