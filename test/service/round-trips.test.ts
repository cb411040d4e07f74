/**
 * How many calls `sign` makes for one request, and how many of them wait for one another: the time that a node waits, in
 * round trips. docs/benchmarks.md compares the figures with earlier ones.
 */
import { CSR_RUNS, type CsrRunName } from '../support/csr-runs.ts';
import { ISSUANCE_RUNS, type IssuanceRun, type IssuanceRunName } from '../support/issuance-runs.ts';

interface Expected {
  readonly roundTrips: number;
  /** Besides those of the budgets. */
  readonly calls: number;
  /** Reads and writes of the counters of the node and the cluster. */
  readonly budgets: number;
  readonly outcome: string;
}

/** A batch has one more round trip and call: the proof that its messages are in the queue. */
const EXPECTED: Record<IssuanceRunName, Expected> = {
  'a fresh certificate, warm': { roundTrips: 6, calls: 10, budgets: 3, outcome: 'issued' },
  "a fresh certificate, warm, the node's first of the day": {
    roundTrips: 7,
    calls: 10,
    budgets: 4,
    outcome: 'issued',
  },
  'a fresh certificate, cold': { roundTrips: 8, calls: 10, budgets: 4, outcome: 'issued' },
  'a rejection, warm': { roundTrips: 4, calls: 7, budgets: 3, outcome: 'rejected' },
  'a private key, warm': { roundTrips: 5, calls: 8, budgets: 3, outcome: 'rejected' },
  'over budget, warm': { roundTrips: 5, calls: 7, budgets: 3, outcome: 'rejected' },
  'pending, warm': { roundTrips: 6, calls: 8, budgets: 3, outcome: 'pending' },
  'approved, warm': { roundTrips: 8, calls: 13, budgets: 2, outcome: 'issued' },
  'denied, warm': { roundTrips: 6, calls: 10, budgets: 2, outcome: 'rejected' },
  'redelivered after everything': { roundTrips: 4, calls: 9, budgets: 2, outcome: 'issued' },
  'redelivered after a run that ended before the signature': {
    roundTrips: 7,
    calls: 12,
    budgets: 2,
    outcome: 'issued',
  },
  'redelivered after an approved run that ended before the signature': {
    roundTrips: 10,
    calls: 15,
    budgets: 2,
    outcome: 'issued',
  },
  'a record that does not fit': { roundTrips: 4, calls: 8, budgets: 2, outcome: 'rejected' },
  'two runs at once': { roundTrips: 7, calls: 21, budgets: 3, outcome: 'issued' },
  'a batch of ten messages of one node, warm': {
    roundTrips: 8,
    calls: 83,
    budgets: 4,
    outcome: 'issued',
  },
  'a batch of ten messages of one node, cold': {
    roundTrips: 9,
    calls: 83,
    budgets: 4,
    outcome: 'issued',
  },
};

const EXPECTED_OF_CSRS: Record<CsrRunName, Expected> = {
  "a kubelet's CSR for a client certificate, warm": {
    roundTrips: 7,
    calls: 11,
    budgets: 4,
    outcome: 'issued',
  },
  "a kubelet's CSR for a serving certificate, warm": {
    roundTrips: 7,
    calls: 12,
    budgets: 4,
    outcome: 'issued',
  },
  'the second attempt of a CSR, warm': {
    roundTrips: 7,
    calls: 12,
    budgets: 4,
    outcome: 'issued',
  },
  'a CSR for a client certificate, redelivered after a run that ended before the signature': {
    roundTrips: 8,
    calls: 13,
    budgets: 1,
    outcome: 'issued',
  },
  'a CSR for a serving certificate, redelivered after a run that ended before the signature': {
    roundTrips: 8,
    calls: 15,
    budgets: 1,
    outcome: 'issued',
  },
};

const ALL_RUNS = { ...ISSUANCE_RUNS, ...CSR_RUNS };
const ALL_EXPECTED = { ...EXPECTED, ...EXPECTED_OF_CSRS };

it.each(Object.entries(ALL_EXPECTED) as [keyof typeof ALL_RUNS, Expected][])(
  '%s: calls and round trips',
  async (name, expected) => {
    const run: IssuanceRun = await ALL_RUNS[name]();
    const budgets = run.calls.filter(({ key }) => key.startsWith('budgets/')).length;
    expect({
      roundTrips: run.roundTrips,
      calls: run.calls.length - budgets,
      budgets,
      outcome: [...new Set(run.outcomes)].join(),
    }).toEqual(expected);
  },
);

const MOST_ROUND_TRIPS = 6;
const MOST_CALLS = 10;

it('a certificate takes at most six round trips, and ten calls besides the budgets', () => {
  const { roundTrips, calls } = EXPECTED['a fresh certificate, warm'];
  expect(roundTrips).toBeLessThanOrEqual(MOST_ROUND_TRIPS);
  expect(calls).toBeLessThanOrEqual(MOST_CALLS);
});

it('the requests of a batch share one read of the cluster record, the trust domain and each counter', async () => {
  const { calls } = await ISSUANCE_RUNS['a batch of ten messages of one node, cold']();
  const reads = calls.filter(
    ({ call, key }) =>
      /^(?:get|getIfChanged)$/.test(call) && /^(?:clusters|trust|budgets)\//.test(key),
  );
  expect(reads.map(({ key }) => key.split('/')[0]).sort()).toEqual([
    'budgets',
    'budgets',
    'clusters',
    'trust',
  ]);
});

it('a trust domain that has not changed is not sent again, and one that has is', async () => {
  const ofTrust = ({ calls }: IssuanceRun) =>
    calls.filter(({ key }) => key.startsWith('trust/')).map(({ call, result }) => [call, result]);
  const fresh = await ISSUANCE_RUNS['a fresh certificate, warm']();
  expect(ofTrust(fresh)).toEqual([['getIfChanged', 'unchanged']]);
  const cold = await ISSUANCE_RUNS['a fresh certificate, cold']();
  expect(ofTrust(cold)).toEqual([['get', expect.objectContaining({ size: expect.any(Number) })]]);
});

it('only a serving certificate is judged by the records of all clusters', async () => {
  for (const [name, run] of Object.entries(CSR_RUNS)) {
    const { calls } = await run();
    const lists = calls.filter(({ call, key }) => call === 'list' && key === 'clusters/');
    expect([name, lists.length]).toEqual([name, name.includes('serving') ? 1 : 0]);
  }
});
