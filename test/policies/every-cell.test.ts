/**
 * The table of who can do what (docs/security-model.md) is generated from lib/access, and lib/access creates the policies.
 * Each of its cells must also have a case in the table that was written by hand, or nothing would judge it.
 */
import { OBJECT_ACCESS, type ObjectAccess, type Write } from '../../lib/access/objects.ts';
import { KEY_ACCESS, MESSAGE_ACTIONS, QUEUES } from '../../lib/access/services.ts';
import { type Row, TABLE } from './table.ts';

const cells = OBJECT_ACCESS.flatMap((row) =>
  row.put.map((write) => ({
    title: `${row.bucket}/${row.prefix}${(write.suffixes ?? []).join(', ')}`,
    row,
    write,
    cases: TABLE.filter(({ what }) => what.startsWith(`${row.bucket}/${row.prefix}`)),
  })),
);

it.each(cells)('$title has a case for each cell', ({ row, write, cases }) => {
  const missing = Object.entries(wanted(row, write)).filter(([, isCase]) => !cases.some(isCase));
  expect(missing.map(([cell]) => cell)).toEqual([]);
});

type Test = (one: Row) => boolean;

const allowed = ({ allowed: who }: Row) => who.length > 0;
const put: Test = ({ action }) => action === 's3:PutObject';
const deletion: Test = ({ action }) => action === 's3:DeleteObject';

function wanted({ keeps = [] }: ObjectAccess, write: Write): Record<string, Test> {
  const ends = ({ what }: Row, suffix: string) => what.endsWith(suffix);
  const puts = (write.suffixes ?? ['']).map((suffix) => [
    `put ${suffix}`,
    (one: Row) => put(one) && ends(one, suffix) && allowed(one),
  ]);
  return {
    get: ({ action }) => action === 's3:GetObject',
    ...Object.fromEntries(puts),
    ...(write.condition && {
      'put without its condition is denied': (one) =>
        put(one) && one.variant === 'without a condition' && !allowed(one),
    }),
    ...(write.condition === 'compared' && {
      'put over what was read': (one) =>
        put(one) && one.variant === 'with If-Match' && allowed(one),
    }),
    ...(write.ownName && {
      "put under another approver's name": (one) => put(one) && ends(one, 'bob.json'),
    }),
    delete: (one) => deletion(one) && allowed(one) === !keeps.includes('objects'),
    ...(keeps.includes('versions') && {
      'delete a version': (one) => one.action === 's3:DeleteObjectVersion' && !allowed(one),
    }),
  };
}

const CASE_NAMES = {
  'upload queue': 'uploads',
  'request queue': 'queue',
  'dead-letter queue': 'dead letters',
} as const satisfies Record<(typeof QUEUES)[number], string>;

it.each(QUEUES)('%s has a case for each action of messages', (queue) => {
  const judged = TABLE.filter(({ what }) => what === CASE_NAMES[queue]).map(({ action }) => action);
  expect(MESSAGE_ACTIONS.filter((action) => !judged.includes(action))).toEqual([]);
});

describe.each(['key of ca', 'imported key', 'made key beside it'])('%s', (key) => {
  const judged = TABLE.filter(({ what }) => what === key);

  it('has a case for each action that is denied to everyone else', () => {
    const actions = judged.map(({ action }) => action);
    const denied = KEY_ACCESS.filter(({ denialSid }) => denialSid).flatMap((row) => row.actions);
    expect(denied.filter((action) => !actions.includes(action))).toEqual([]);
  });
});

it('the imported key has cases for another value of each required condition, and for none', () => {
  const variants = (action: string) =>
    TABLE.filter((one) => one.action === action && one.what === 'imported key')
      .filter((one) => one.variant !== undefined && one.allowed.length === 0)
      .map(({ variant }) => variant);
  const conditioned = KEY_ACCESS.filter(({ only }) => only).flatMap(({ actions }) => actions);
  expect(conditioned.length).toBeGreaterThan(1);
  for (const action of conditioned) {
    expect(variants(action)).toContainEqual(expect.stringMatching(/^without /));
    expect(variants(action)).toContainEqual(expect.not.stringMatching(/^without /));
  }
});
