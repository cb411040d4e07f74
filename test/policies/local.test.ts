/** The principals of `cakeless local`, judged by the rows of the table whose resources it has. */
import {
  isAllowedLocally,
  isJudgedLocally,
  LOCAL_NAMES,
  localPrincipals,
} from './local-principals.ts';
import { DESIGNED, NODE_11 } from './principals.ts';
import { TABLE, titleOf } from './table.ts';

const principals = localPrincipals().filter(({ name }) => name in LOCAL_NAMES);

const cases = TABLE.filter(isJudgedLocally).map((row) => {
  const expected = Object.entries(LOCAL_NAMES)
    .filter(([, names]) => names.some((name) => row.allowed.includes(name)))
    .map(([local]) => local);
  return { ...row, title: titleOf(row), expected, who: expected.join(', ') || 'nobody' };
});

it.each(cases)('$title: $who', (row) => {
  const allowed = principals.filter((who) => isAllowedLocally(who, row)).map(({ name }) => name);
  expect(allowed.sort()).toEqual([...row.expected].sort());
});

it('every kind of principal is evaluated, except the administrator, who may do everything', () => {
  const all = localPrincipals().map(({ name }) => name);
  expect(all.filter((name) => !(name in LOCAL_NAMES)).sort()).toEqual([
    'administrator',
    `node:b/${NODE_11}`,
    'relay:b',
    'user-requester:b',
  ]);
  expect(Object.keys(LOCAL_NAMES).filter((name) => !all.includes(name))).toEqual([]);
});

it('leaves out only the rows about what the stand-in does not have', () => {
  const left = TABLE.filter((row) => !isJudgedLocally(row));
  expect([...new Set(left.map(({ what, variant }) => variant ?? what))].sort()).toEqual([
    'a role of approvers',
    'dead letters',
    'function watch-signatures',
    'in DEEP_ARCHIVE',
    'in STANDARD',
    'over TLS 1.1',
    'over plain HTTP',
    'the role of sign',
    'uploads',
    'with SSE-C',
    'with SSE-KMS',
    'with SSE-S3',
    'with a KMS key',
  ]);
});

it('has a local principal for each one of the design, except watch-signatures, which needs CloudTrail', () => {
  // one of the two local nodes is a worker, and stands for any node
  const judged = Object.values(LOCAL_NAMES)
    .flat()
    .map((name) => (name === 'node 11' ? DESIGNED.node : name));
  const missing = Object.values(DESIGNED).filter((name) => !judged.includes(name));
  expect(missing).toEqual(['watch-signatures']);
});
