/** What a changed record is shown as: a patch, whatever has changed in it, within seconds. */
import { applyPatch } from 'diff';
import { stringify } from 'yaml';
import { unifiedDiff } from '../../../client/operator/record-diff.ts';

const recordWith = (count: number, address: string) => ({
  cluster: 'a',
  nodes: Array.from({ length: count }, (_, i) => ({
    name: `${address}-${i}`,
    addresses: [`${address}.${i >> 8}.${i & 255}`],
  })),
});

it.each([
  ['a few nodes', 10, recordWith(10, '10.0')],
  ['two thousand nodes', 2000, recordWith(2000, '10.0')],
  ['two thousand new nodes', 2000, undefined],
])('the patch of a record in which %s differ leads from one to the other', (_, count, before) => {
  const after = recordWith(count, '10.1');
  const patch = unifiedDiff('a', before, after, 'a.yaml');
  expect(patch.slice(0, 2)).toEqual([
    `--- ${before ? 'clusters/a.json' : '/dev/null'}`,
    '+++ a.yaml',
  ]);
  const yaml = (value: unknown) => (value === undefined ? '' : stringify(value, { lineWidth: 0 }));
  expect(applyPatch(yaml(before), `${patch.join('\n')}\n`) === yaml(after)).toBe(true);
});
