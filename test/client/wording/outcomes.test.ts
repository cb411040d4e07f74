/** Every command prints rejections, pending requests and waiting in the same words. */
import { describeOutcome } from '../../../client/wording/outcomes.ts';
import { describeRefusal } from '../../../client/wording/refusals.ts';
import { describeOpen, describeWaiting } from '../../../client/wording/waiting.ts';

const violation = {
  code: 'node-unknown',
  field: 'node',
  got: 'cp-2',
  allowed: 'cp-1',
  fix: 'add the node to the cluster record',
};

it('a violation is one line', () => {
  expect(describeRefusal('apiserver', [violation])).toEqual([
    'apiserver: node-unknown: node is cp-2; allowed: cp-1. To fix: add the node to the cluster record',
  ]);
});

it('a pending request says what it waits for, and what an approver must run', () => {
  const pending = {
    state: 'pending',
    waitingFor: 'an approver: O=system:masters',
    requestKey: 'requests/prod/cp-1/r/super-admin.conf.csr',
  };
  expect(describeOutcome('super-admin.conf', pending, 'not written')).toEqual([
    'super-admin.conf: waiting for an approver: O=system:masters',
    'ask an approver to run: cakeless approve prod/cp-1/r/super-admin.conf.csr',
  ]);
});

it('a request without an outcome says what to do, and an issued one nothing', () => {
  expect(describeOutcome('a', { state: 'no-outcome' }, 'not written')).toEqual([
    'a: no outcome yet; run the same command again',
  ]);
  expect(describeOutcome('a', { state: 'issued' }, 'not written')).toEqual([]);
});

it('a failed check says what it prevented', () => {
  const failed = { state: 'check-failed', problems: ['it expired'] };
  expect(describeOutcome('a', failed, 'not installed')).toEqual(['a: not installed: it expired']);
});

it.each([
  [
    [{ name: 'super-admin.conf', state: 'pending' }],
    300,
    'approval of super-admin.conf (up to 5m)',
  ],
  [[{ name: 'a', state: 'no-outcome' }], 30, 'outcomes of a (up to 30s)'],
  [
    [
      { name: 'a', state: 'pending' },
      { name: 'b', state: 'no-outcome' },
      { name: 'c', state: 'no-outcome' },
    ],
    5400,
    'outcomes of b, c and approval of a (up to 1h30m)',
  ],
] as const)('the waiting message says what for and how long: %j', (open, seconds, words) => {
  expect(describeWaiting(describeOpen(open), seconds)).toBe(`waiting for ${words}`);
});

it('describes an empty list of open requests as an empty string', () => {
  expect(describeOpen([])).toBe('');
});
