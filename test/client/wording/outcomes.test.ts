/** Every command prints rejections, pending requests and waiting in the same words. */
import { describeOutcomes } from '../../../client/wording/outcomes.ts';
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
  expect(
    describeOutcomes([{ name: 'super-admin.conf', ...pending }], { notDone: 'not written' }),
  ).toEqual([
    'super-admin.conf: waiting for an approver: O=system:masters',
    'ask an approver to run: cakeless approve prod/cp-1/r/super-admin.conf.csr',
  ]);
});

it('a request without an outcome says what to do, and an issued one nothing', () => {
  expect(
    describeOutcomes([{ name: 'a', state: 'no-outcome' }], { notDone: 'not written' }),
  ).toEqual(['a: no outcome yet; run the same command again']);
  expect(describeOutcomes([{ name: 'a', state: 'issued' }], { notDone: 'not written' })).toEqual(
    [],
  );
});

it('a failed check says what it prevented', () => {
  const failed = { state: 'check-failed', problems: ['it expired'] };
  expect(describeOutcomes([{ name: 'a', ...failed }], { notDone: 'not installed' })).toEqual([
    'a: not installed: it expired',
  ]);
});

describe('what several certificates have in common', () => {
  const rejected = (name: string, ...got: string[]) => ({
    name,
    state: 'rejected',
    violations: got.map((value) => ({ ...violation, got: value })),
  });
  const line = (names: string, got: string) =>
    `${names}: node-unknown: node is ${got}; allowed: cp-1. To fix: add the node to the cluster record`;

  it('is said once for all of them', () => {
    const twelve = Array.from({ length: 12 }, (_, index) => rejected(`c${index}`, 'cp-2'));
    expect(describeOutcomes(twelve, { notDone: 'not written' })).toEqual([
      line('all 12 certificates', 'cp-2'),
    ]);
  });

  it('is said once with their names if it is not true for all, in the order of the first', () => {
    const outcomes = [
      rejected('a', 'own of a', 'shared'),
      rejected('b', 'shared', 'own of b', 'shared'),
      { name: 'c', state: 'issued' },
      { name: 'd', state: 'no-outcome' },
      { name: 'e', state: 'no-outcome' },
    ];
    expect(describeOutcomes(outcomes, { notDone: 'not written' })).toEqual([
      line('a', 'own of a'),
      line('a, b', 'shared'),
      line('b', 'own of b'),
      'd, e: no outcome yet; run the same command again',
    ]);
  });

  it('includes how the command requests rejected certificates again', () => {
    const wording = { notDone: 'not written', tryAgain: 'run cakeless renew again' };
    const outcomes = [rejected('a', 'x'), rejected('b', 'x'), { name: 'c', state: 'issued' }];
    expect(describeOutcomes(outcomes, wording)).toEqual([
      line('a, b', 'x'),
      'a, b: this rejection is final; once everything is fixed, run cakeless renew again',
    ]);
  });

  it('is not repeated for one certificate', () => {
    expect(describeOutcomes([rejected('a', 'x', 'x')], { notDone: 'not written' })).toEqual([
      line('a', 'x'),
    ]);
  });

  it('leaves each request its command for the approver', () => {
    const pending = (name: string) => ({
      ...{ name, state: 'pending', waitingFor: 'an approver' },
      requestKey: `requests/prod/cp-1/r/${name}.csr`,
    });
    expect(
      describeOutcomes([pending('a.conf'), pending('b.conf')], { notDone: 'not written' }),
    ).toEqual([
      'all 2 certificates: waiting for an approver',
      expect.stringMatching(/^ask an approver to run: .*a\.conf\.csr/),
      expect.stringMatching(/^ask an approver to run: .*b\.conf\.csr/),
    ]);
  });
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
