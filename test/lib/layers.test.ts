/** The layers of lib: each may import only from itself and from the layers below it, so there are no cycles. */
import { importsAgainst, layerIn, readSources } from '../support/imports.ts';

/** From the top to the bottom: folders of lib, and the files directly in it. */
const LAYERS = [
  // adapters: nothing else imports them
  'aws',
  'files',
  // JSON Schemas of what the others read
  'schemas',
  'audit',
  'reconcile',
  'rotating',
  'issuance',
  'budget',
  'expiry',
  'node-reports',
  'policy',
  'cluster',
  'ca',
  'certificate',
  'csr',
  'service.ts',
  'access',
  'contract',
  'certificates-api',
  'store',
  'profiles',
  'signing',
  'der',
  'refusal',
  'trust-domain-rules.ts',
  'metric-names.ts',
  'environment-names.ts',
  'bytes.ts',
  'fault.ts',
  'limits.ts',
  'printable.ts',
  'sloppy-address.ts',
  'ip-address.ts',
  'duration.ts',
  'names.ts',
];

const layerOf = layerIn('lib');
const sources = readSources('lib');

it('lists every layer once, and only layers that exist', () => {
  const found = new Set(sources.map(({ file }) => layerOf(file)));
  expect([...found].sort()).toEqual([...LAYERS].sort());
});

it.each(LAYERS)('%s imports only from itself and from layers below it', (layer) => {
  const own = sources.filter(({ file }) => layerOf(file) === layer);
  expect(importsAgainst(LAYERS, own, layerOf)).toEqual([]);
});

it('finds the imports that it checks', () => {
  const targets = sources.flatMap(({ files }) => files);
  expect(targets.filter((target) => layerOf(target) !== undefined).length).toBeGreaterThan(300);
});
