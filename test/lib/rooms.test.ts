/** The rooms inside lib: a room imports only rooms that come before it in this list, so there are no cycles. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** From the bottom to the top. Each file directly in lib is a room too. */
const ROOMS = [
  'names.ts',
  'duration.ts',
  'ip-address.ts',
  'printable.ts',
  'limits.ts',
  'fault.ts',
  'environment-names.ts',
  'metric-names.ts',
  'refusal',
  'der',
  'signing',
  'profiles',
  'store',
  'contract',
  'access',
  'service.ts',
  'csr',
  'certificate',
  'ca',
  'cluster',
  'policy',
  'expiry',
  'issuance',
  'reconcile',
  'audit',
  // adapters: nothing above imports them
  'files',
  'aws',
];

const files = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const roomOf = (file: string) => file.split('/')[0] ?? '';

function importsOf(file: string): string[] {
  const found = readFileSync(join('lib', file), 'utf8').matchAll(
    /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'(\.[^']+)'/g,
  );
  return [...found].map(([, specifier = '']) => normalize(join(dirname(file), specifier)));
}

it('lists every room once, and only rooms that exist', () => {
  expect([...new Set(files.map(roomOf))].sort()).toEqual([...ROOMS].sort());
});

it.each(ROOMS)('%s imports only itself and rooms below it', (room) => {
  const allowed = ROOMS.slice(0, ROOMS.indexOf(room) + 1);
  const wrong = files
    .filter((file) => roomOf(file) === room)
    .flatMap((file) =>
      importsOf(file)
        .filter((target) => !allowed.includes(roomOf(target)))
        .map((target) => `${file} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

it('finds the imports that it checks', () => {
  expect(files.flatMap(importsOf).length).toBeGreaterThan(300);
});
