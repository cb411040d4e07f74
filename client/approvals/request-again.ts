/** What an approver can say about a request that can no longer be approved: how the certificate is requested again. */
import { signerOfPath } from '../../lib/certificates-api/signers.ts';
import { issuedNameOf, type RequestAddress } from '../../lib/contract/request-key.ts';
import { USERS } from '../../lib/contract/request-kinds.ts';

export function requestAgain(address: RequestAddress): string {
  const { node, path } = address;
  if (signerOfPath(path)) return 'a new CSR has to be created in the cluster';
  if (node === USERS) return 'the user has to run cakeless kubeconfig user again';
  const name = issuedNameOf(address) ?? 'NAME';
  return `${node} has to request it again: cakeless renew ${name} --new-request, or an upload under a new request id`;
}
