/** An approver cannot upload: the hint names who requests again, and how. */
import { requestAgain } from '../../../client/approvals/request-again.ts';
import { parseRequestKey } from '../../../lib/contract/request-key.ts';

it.each([
  [
    'cp-1/r1/super-admin.conf.csr',
    'cp-1 has to request it again: cakeless renew super-admin.conf --new-request, or an upload under a new request id',
  ],
  ['users/r1/user.csr', 'the user has to run cakeless kubeconfig user again'],
  ['csr/some-uid/user.json', 'a new CSR has to be created in the cluster'],
])('%s: %s', (key, hint) => {
  const address = parseRequestKey(`requests/prod/${key}`);
  if (!address) throw new Error(key);
  expect(requestAgain(address)).toBe(hint);
});
