/**
 * The policies of the synthesized app, evaluated by another implementation of IAM: in every row everyone who is allowed,
 * and one who is not. access.slow.test.ts has all others.
 */
import { allowedOf, ask, cases, principals } from './access.ts';
import { isAllowed } from './evaluate.ts';
import { DESIGNED } from './principals.ts';

it.each(cases)('$title: $who', async (row) => {
  expect(await allowedOf(row, [...row.allowed, ...row.some])).toEqual(row.allowed);
});

const refusedToAll = cases.filter(({ allowed }) => allowed.length === 0);
it.each(refusedToAll)('$title is denied to everyone, but its twin is allowed', async (row) => {
  const { twin } = row;
  const who = principals[twin?.who ?? ''];
  if (!twin || !who) throw new Error('a row that allows nobody needs a twin');
  const asked = ask(twin.action ?? row.action, twin.what ?? row.what, twin.variant);
  expect(await isAllowed(who, asked)).toBe(true);
});

it('an unknown condition key or action is an error: the simulation would ignore it', async () => {
  const who = principals.node;
  if (!who) throw new Error('no node');
  const asked = ask('s3:GetObject', 'exchange/trust/prod/ca.crt');
  const context = { ...asked.context, 's3:no-such-key': 'x' };
  await expect(isAllowed(who, { ...asked, context })).rejects.toThrow('no such condition key');
  await expect(isAllowed(who, { ...asked, action: 's3:NoSuchAction' })).rejects.toThrow();
});

it.each(Object.entries(DESIGNED))('%s has a role in the template', (_, name) => {
  expect(principals[name]?.policies).not.toEqual([]);
  expect(principals[name]?.arn).toBeDefined();
});
