/** The policies of the synthesized app, its principals, and the rows of the table with titles. */
import { CONFIG_FILE } from '../deployed/config-file.ts';
import { isAllowed } from './evaluate.ts';
import { principalsOf } from './principals.ts';
import { requestsOf } from './requests.ts';
import { type Row, TABLE, titleOf } from './table.ts';
import { Policies } from './template.ts';

const policies = new Policies(CONFIG_FILE);
export const ask = requestsOf(policies);
export const principals = principalsOf(policies);

/** Each evaluation takes milliseconds, and a row is about all principals: so many others are in the quick suite. */
const OTHERS_AT_ONCE = 1;

export const cases = TABLE.map((row, i) => {
  const others = Object.keys(principals).filter((name) => !row.allowed.includes(name));
  const from = i % Math.max(others.length, 1);
  const inTurn = [...others.slice(from), ...others.slice(0, from)];
  return {
    ...row,
    title: titleOf(row),
    who: row.allowed.join(', ') || 'nobody',
    /** Who is not allowed, in the quick suite: another one in each row. */
    some: inTurn.slice(0, OTHERS_AT_ONCE),
    /** Everyone else who is not allowed. */
    rest: inTurn.slice(OTHERS_AT_ONCE),
  };
});

/** Who of these principals is allowed. */
export async function allowedOf({ action, what, variant }: Row, names: readonly string[]) {
  const got: string[] = [];
  for (const name of names) {
    const who = principals[name];
    if (!who) throw new Error(`no principal ${name}`);
    if (await isAllowed(who, ask(action, what, variant))) got.push(name);
  }
  return got;
}
