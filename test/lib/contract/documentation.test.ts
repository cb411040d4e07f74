/** docs/s3-contract.md has the keys and prefixes of lib/contract, and documents treat unknown fields as it says. */
import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { DOCUMENTED_KEYS } from '../../../lib/contract/keys.ts';
import { AUTHORITY_PREFIXES, EXCHANGE_PREFIXES, PREFIXES } from '../../../lib/contract/prefixes.ts';
import { keyTable, prefixTable } from '../../docs/contract-tables.ts';

const page = readFileSync('docs/s3-contract.md', 'utf8');

it('the table of keys is that of lib/contract', () => {
  expect(page).toContain(`\n${keyTable()}\n`);
});

it('the table of prefixes is that of lib/contract', () => {
  expect(page).toContain(`\n${prefixTable()}\n`);
});

it('every prefix is described, and every description has a key', () => {
  const described = PREFIXES.map(({ bucket, prefix }) => `${bucket} ${prefix}`);
  const { approvals: _, ...authority } = AUTHORITY_PREFIXES; // has two prefixes below it
  expect(described).toEqual([
    ...Object.values(EXCHANGE_PREFIXES).map((prefix) => `exchange ${prefix}`),
    ...Object.values(authority).map((prefix) => `authority ${prefix}`),
  ]);
  const unused = PREFIXES.filter(
    ({ bucket, prefix }) =>
      !DOCUMENTED_KEYS.some((known) => known.bucket === bucket && known.key.startsWith(prefix)),
  );
  expect(unused).toEqual([]);
});

it('every key is under a prefix that is described', () => {
  const stray = DOCUMENTED_KEYS.filter(
    ({ bucket, key }) =>
      !PREFIXES.some((known) => known.bucket === bucket && key.startsWith(known.prefix)),
  );
  expect(stray).toEqual([]);
});

describe('unknown fields', () => {
  const documents = DOCUMENTED_KEYS.flatMap(({ key, document }) =>
    document ? [[key, document] as const] : [],
  );

  it.each(documents)('of %s are treated as documented', (_, { schema, unknownFields }) => {
    const messages = problemsOf(schema as z.ZodMiniType, { unknownField: 1 });
    const refused = messages.some((message) => message === 'unrecognized_keys');
    expect(refused).toBe(unknownFields === 'refused');
  });

  it.each(documents)('of %s that must be understood', (_, { schema, unknownFields }) => {
    const schemas = schema instanceof z.ZodMiniDiscriminatedUnion ? schema.def.options : [schema];
    for (const one of schemas as z.ZodMiniObject[]) {
      const has = 'mustUnderstand' in one.shape;
      expect(has).toBe(unknownFields === 'ignored unless in `mustUnderstand`');
    }
  });
});

function problemsOf(schema: z.ZodMiniType, value: unknown): string[] {
  const options =
    schema instanceof z.ZodMiniDiscriminatedUnion
      ? (schema.def.options as z.ZodMiniType[])
      : [schema];
  return options.flatMap(
    (option) => option.safeParse(value).error?.issues.map(({ code }) => code) ?? [],
  );
}
