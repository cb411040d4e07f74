/** What a rejection tells those who read the object itself: how to request again. */
import { parseRequestKey } from '../../../lib/contract/request-key.ts';
import { rejectionOf } from '../../../lib/issuance/rejection.ts';

const UID = '0c2d31af-84fc-4042-b596-e0c55538509c';
const SERVING = 'kubelet-serving.json';

it.each([
  ['a node', 'cp-1/r1/pki/apiserver.csr', 'csr-version', 'upload under a new request id'],
  ['a user', 'users/r1/user.csr', 'users-not-allowed', 'upload under a new request id'],
  ['a path that requests nothing', 'cp-1/r1/x.csr', 'node-unknown', 'under a new request id'],
  [
    'a CSR of the certificates API',
    `csr/${UID}/${SERVING}`,
    'node-unknown',
    `upload the CSR again under the request id ${UID}.2`,
  ],
  ['its second attempt', `csr/${UID}.2/${SERVING}`, 'node-unknown', `request id ${UID}.3`],
  ["a control plane's kubelet", `cp-1/${UID}/${SERVING}`, 'node-unknown', `request id ${UID}.2`],
  ['a CSR whose reasons stay', `csr/${UID}/${SERVING}`, 'csr-usages', 'create a new CSR'],
  ['a request id that is no attempt', `csr/${UID}.1/${SERVING}`, 'node-unknown', 'a new CSR'],
])('the uploader of %s is told how to request again: %s', (_, key, code, how) => {
  const address = parseRequestKey(`requests/prod/${key}`);
  if (!address) throw new Error(key);
  const violations = [{ code, field: 'f', got: 'g', allowed: 'a', fix: 'x' }];
  const document = rejectionOf(address, { certificateName: 'c', decidedAt: 'd', violations });
  expect(document).toMatchObject({ request: address.key, decidedAt: 'd', violations });
  expect(document.tryAgain).toMatch(/^this rejection is final; once everything is fixed, /);
  expect(document.tryAgain).toContain(how);
});
