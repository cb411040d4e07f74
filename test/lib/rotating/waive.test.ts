/** What a waiver covers, and what it does not. */
import { waivable } from '../../../lib/rotating/gate-question.ts';
import { waive } from '../../../lib/rotating/waive.ts';

const SUBJECTS = [
  'prod/node/a',
  'prod/object/secret/shop/token',
  'prod/report/cluster',
  'prod/phase/issue',
  'prod-2/node/a',
  'test/node/prod/cluster/all',
  'undefined/node/a',
];

it.each([
  ['prod/node/a', ['prod/node/a']],
  ['prod/node', []],
  ['prod/node/', []],
  // a trust domain may have the name of a cluster
  ['prod/cluster/all', ['prod/node/a', 'prod/object/secret/shop/token', 'prod/report/cluster']],
  ['/cluster/all', []],
  ['prod/node/cluster/all', []],
  ['test/cluster/all', ['test/node/prod/cluster/all']],
  ['approval', []],
  ['nothing', []],
])('%s covers %j', (subject, covered) => {
  const missing = SUBJECTS.map((one) => ({ subject: one, why: 'x', fix: 'y' }));
  const waiver = { subject, reason: 'given up' };
  const waived = waive(missing, [waiver]);
  const left = waived.missing.map((one) => one.subject);
  expect(SUBJECTS.filter((one) => !left.includes(one))).toEqual(covered);
  expect([waived.used, waived.notes.length]).toEqual(covered.length > 0 ? [[waiver], 0] : [[], 1]);
});

it('a waiver of an object with a long or odd name covers no other object', () => {
  const names = ['a'.repeat(200), `${'a'.repeat(199)}b`, '\u001b', '\\u001b', 'secret/shop/token'];
  const waivers = names.map(waivable);
  expect(new Set(waivers).size).toBe(names.length);
  expect(waivers.at(-1)).toBe('secret/shop/token');
  for (const one of waivers) expect(one).toMatch(/^[\x20-\x7e]{1,140}$/);
});
