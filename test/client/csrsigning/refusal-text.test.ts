/** Readers of a CSR upload nothing: they are told what the forwarder does next. */
import { refusalText } from '../../../client/csrsigning/refusal-text.ts';

const violation = (code: string, fix: string) => ({
  code,
  field: 'f',
  got: 'g',
  allowed: 'a',
  fix,
});

it.each([
  ['that may pass is requested again', 'node-unknown', 'The forwarder requests it again'],
  ['of the budget is requested again', 'budget-exceeded', 'The forwarder requests it again'],
  ['that an approver denied is final', 'approval-denied', 'The refusal is final for this CSR'],
  ['whose record does not fit is final', 'record-misfit', 'The refusal is final for this CSR'],
  [
    'with a code that this release does not know is final',
    'new',
    'The refusal is final for this CSR',
  ],
])('a refusal %s', (_, code, next) => {
  const text = refusalText('user', [violation(code, 'do this')]);
  expect(text).toBe(`user: ${code}: f is g; allowed: a. To fix: do this. ${next}`);
});

it('one reason that stays is enough for a refusal to be final', () => {
  const both = [violation('node-unknown', 'x'), violation('csr-usages', 'y')];
  expect(refusalText('user', both)).toMatch(
    /fix: x; user: .* fix: y\. The refusal is final for this CSR$/,
  );
});
