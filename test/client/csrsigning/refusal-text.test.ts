/** The service's fixes are for people who upload; the forwarder's readers have a CSR. */
import { refusalText } from '../../../client/csrsigning/refusal-text.ts';

const AGAIN = '. The forwarder requests it again';

it.each([
  ['node-unknown', 'add the node, then upload under a new request id', `add the node${AGAIN}`],
  ['ca-expired', 'shorten it; then upload under a new request id', `shorten it${AGAIN}`],
  [
    'budget-exceeded',
    'try again tomorrow, under a new request id, or raise the limit',
    `try again tomorrow, or raise the limit${AGAIN}`,
  ],
  ['approval-denied', 'ask, then upload under a new request id', 'ask, then create the CSR again'],
  ['record-misfit', 'upload the CSR again under a new request id', 'create the CSR again'],
])('%s: %s', (code, fix, expected) => {
  const text = refusalText('user', [{ code, field: 'f', got: 'g', allowed: 'a', fix }]);
  expect(text).toBe(`user: ${code}: f is g; allowed: a. To fix: ${expected}`);
});
