/**
 * What must have ended before something else begins. docs/issuance-cycle.md has the same table with the reasons; here
 * each row is tested on the calls of real runs. All other calls may run at the same time.
 */
import { readFileSync } from 'node:fs';
import { CSR_RUNS, EARLIER_RECORD } from '../../support/csr-runs.ts';
import { ISSUANCE_RUNS, type IssuanceRun } from '../../support/issuance-runs.ts';
import type { OutsideCall, RecordedCall } from '../../support/recorded-calls.ts';

type Is = (call: RecordedCall) => boolean;

const on =
  (bucket: 'exchange' | 'authority', calls: RegExp, key: RegExp): Is =>
  (one) =>
    one.on === bucket && calls.test(one.call) && key.test(one.key);

const READS = /^(?:get|getIfChanged|list)$/;
const WRITES = /^(?:create|replace|put)$/;
/** Of a request: below its request id. */
const RECORD = /^records\/[^/]+\/[^/]+\/[^/]+\/.*\.json$/;
/** Of a CSR of the certificates API. */
const CLAIM = /^records\/[^/]+\/csr\/[^/]+\.json$/;
const ISSUED = /^records\/.*\.crt$/;

const isFound: Is = ({ result }) => result !== undefined;
const both =
  (...conditions: readonly Is[]): Is =>
  (call) =>
    conditions.every((is) => is(call));
const either =
  (...conditions: readonly Is[]): Is =>
  (call) =>
    conditions.some((is) => is(call));

const readsFoundRecord = both(
  on('authority', READS, RECORD),
  isFound,
  ({ key }) => key !== EARLIER_RECORD,
);
const writesRecord = on('authority', WRITES, RECORD);
const writesNewRecord = both(writesRecord, ({ result }) => result === 'created');
const certificateInLedger = either(
  on('authority', WRITES, ISSUED),
  both(on('authority', READS, ISSUED), isFound),
);
const writesPending = on('exchange', WRITES, /\.pending\.json$/);
/** `readPending` reads it; who looks for it reads no byte. */
const looksForPending = both(
  on('exchange', READS, /\.pending\.json$/),
  ({ args }) => args[1] === 0,
);
const signs: Is = (call) => call.on === 'keys';

interface Row {
  readonly earlier: Is;
  readonly later: Is;
  /** @default each run of one request */
  readonly of?: 'batch';
}

/** Keyed by the first two cells of its row in the documentation. */
const ROWS: Readonly<Record<string, Row>> = {
  'the proof that the message is in the queue | every other call': {
    earlier: (call) => call.on === 'queue',
    later: (call) => call.on !== 'queue',
    of: 'batch',
  },
  'the request is counted, or refused, in the budgets | the record, `.pending.json`, or the refusal':
    {
      earlier: on('authority', WRITES, /^budgets\//),
      later: either(writesRecord, writesPending, on('exchange', WRITES, /\.rejected\.json$/)),
    },
  'the record exists | KMS Sign': {
    earlier: either(writesNewRecord, readsFoundRecord),
    later: signs,
  },
  'the record exists | an object with a private key is deleted': {
    earlier: either(writesNewRecord, readsFoundRecord),
    later: on('exchange', /^remove$/, /^requests\//),
  },
  'the record exists | look for `.pending.json`': {
    earlier: either(writesNewRecord, readsFoundRecord),
    later: looksForPending,
  },
  'the CSR of the certificates API is claimed | the record, and KMS Sign': {
    earlier: on('authority', WRITES, CLAIM),
    later: either(writesRecord, signs),
  },
  'the rejection of the attempt before is read | the record': {
    earlier: both(on('authority', READS, RECORD), ({ key }) => key === EARLIER_RECORD),
    later: writesRecord,
  },
  'KMS Sign | the certificate in the ledger, the entry in the expiry index': {
    earlier: signs,
    later: either(on('authority', WRITES, ISSUED), on('authority', WRITES, /^expiry\//)),
  },
  'the certificate in the ledger | `.crt`': {
    earlier: certificateInLedger,
    later: on('exchange', WRITES, /\.crt$/),
  },
  'the entry in the expiry index | `.crt`': {
    earlier: on('authority', WRITES, /^expiry\//),
    later: on('exchange', WRITES, /\.crt$/),
  },
  'the record of a rejection | `.rejected.json`': {
    earlier: either(writesNewRecord, readsFoundRecord),
    later: on('exchange', WRITES, /\.rejected\.json$/),
  },
  '`.crt` or `.rejected.json` | `.pending.json` is deleted': {
    earlier: on('exchange', WRITES, /\.(?:crt|rejected\.json)$/),
    later: on('exchange', /^remove$/, /\.pending\.json$/),
  },
};

/** The same, for what has to happen again after something else, although it may have happened before. */
const REPEATED: Readonly<Record<string, Row>> = {
  '`.pending.json` is written | look for the record again': {
    earlier: writesPending,
    later: on('authority', READS, RECORD),
  },
  'a record that this run did not write is read | read the trust domain and the approvals for its check':
    {
      earlier: readsFoundRecord,
      later: on('authority', READS, /^(?:trust|approvals\/requests)\//),
    },
};

/**
 * Kinds of calls that are slow together. If all took the same time, two that run at once would seem to be ordered. For
 * any two kinds one of the six paces has the first slow and the second fast.
 */
const KINDS: readonly RegExp[] = [
  /^queue/,
  /^keys/,
  /^authority \S+ budgets\//,
  /^authority \S+ records\/[^/]+\/csr\/[^/]+\.json$/,
  /^authority \S+ records\/.*\.json$/,
  /^authority \S+ records\/.*\.crt$/,
  /^authority \S+ expiry\//,
  /^authority \S+ (?:trust|clusters)\//,
  /^authority \S+ approvals\//,
  /^exchange \S+ requests\//,
  /^exchange (?:create|replace) .*\.pending\.json$/,
  /^exchange \S+ .*\.pending\.json$/,
  /^exchange \S+ .*\.crt$/,
  /^exchange \S+ .*\.rejected\.json$/,
];
const PACES = 6;
const PAIRS = Array.from({ length: PACES }, (_, a) =>
  Array.from({ length: a }, (_, b) => [a, b]),
).flat();

const SLOW = 20;
const durationAt = (pace: number) => (call: OutsideCall) => {
  const text = `${call.on} ${call.call} ${call.key}`;
  const kind = KINDS.findIndex((pattern) => pattern.test(text));
  return PAIRS[kind]?.includes(pace) ? SLOW : 1;
};

const runs = new Map<string, Promise<IssuanceRun>>();

/** The calls of each run: of one request, or of a batch, whose requests are not ordered among themselves. */
async function callsOf(isIncluded: (name: string) => boolean) {
  const all: [string, readonly RecordedCall[]][] = [];
  for (const [name, run] of Object.entries({ ...ISSUANCE_RUNS, ...CSR_RUNS }).filter(([one]) =>
    isIncluded(one),
  ))
    for (let pace = 0; pace < PACES; pace++) {
      const title = `${name}, pace ${pace}`;
      const made = runs.get(title) ?? run(durationAt(pace));
      runs.set(title, made);
      all.push([title, (await made).calls]);
    }
  return all;
}

const isBatch = (name: string) => name.startsWith('a batch');
const sequences = () => callsOf((name) => !isBatch(name) && name !== 'two runs at once');

const describeCall = ({ on: of, call, key, start, end }: RecordedCall) =>
  `${of} ${call} ${key} (${start} to ${end})`;

it.each(Object.entries(ROWS))('%s', async (_, { earlier, later, of }) => {
  let compared = 0;
  const wrong: string[] = [];
  for (const [name, calls] of await (of === 'batch' ? callsOf(isBatch) : sequences()))
    for (const before of calls.filter(earlier))
      for (const after of calls.filter(later)) {
        compared += 1;
        if (before.end === undefined || before.end > after.start)
          wrong.push(`${name}: ${describeCall(before)}; ${describeCall(after)}`);
      }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(0);
});

it.each(Object.entries(REPEATED))('%s', async (_, { earlier, later }) => {
  let compared = 0;
  const wrong: string[] = [];
  for (const [name, calls] of await sequences()) {
    const isChecked = calls.some(signs) || calls.some(writesPending);
    for (const before of isChecked ? calls.filter(earlier) : []) {
      compared += 1;
      const after = calls.filter(later).filter(({ start }) => start >= (before.end ?? Infinity));
      if (after.length === 0) wrong.push(`${name}: nothing follows ${describeCall(before)}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(compared).toBeGreaterThan(0);
});

it('no run signs without a record that it wrote or found', async () => {
  for (const [name, calls] of await sequences()) {
    if (!calls.some(signs)) continue;
    expect([name, calls.some(either(writesNewRecord, readsFoundRecord))]).toEqual([name, true]);
  }
});

it('no outcome is published without its record, except a refusal for the budget', async () => {
  for (const [name, calls] of await sequences()) {
    if (!calls.some(on('exchange', WRITES, /\.(?:crt|rejected\.json)$/))) continue;
    const isRecorded = calls.some(either(writesNewRecord, readsFoundRecord));
    expect([name, isRecorded]).toEqual([name, !name.startsWith('over budget')]);
  }
});

it('the documentation has the same rows', () => {
  const text = readFileSync('docs/issuance-cycle.md', 'utf8');
  const [, table = ''] = /<!-- order: .*? -->\n([\s\S]*?)<!-- end of order -->/.exec(text) ?? [];
  const rows = table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split(' | ').slice(0, 2).join(' | ').replace(/^\| /, ''));
  expect(rows).toEqual([...Object.keys(ROWS), ...Object.keys(REPEATED)]);
});
