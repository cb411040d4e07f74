/**
 * The layers of `client/node`: each folder answers one question, and imports go only down the table. A folder that is not
 * in the table fails the test, and so does an import that its row does not list. `test/client/layers.test.ts` has the
 * layers around it.
 */
import { readdirSync } from 'node:fs';
import { importsNotAllowed, type LayerOf, readSources } from '../../support/imports.ts';

/** What happens on a node. Each layer may import only layers further down. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  /** How does this node renew automatically? */
  timer: ['units', 'restart', 'state', 'disk'],
  /** How does the forwarder run on this node? */
  forwarder: ['renewal', 'units', 'restart', 'state', 'disk'],
  /** How are systemd units installed and removed? */
  units: ['restart', 'state', 'disk'],
  /** How is a certificate renewed? */
  renewal: [
    ...['rollback', 'fetch', 'install', 'evidence', 'rotation', 'trust', 'exchange', 'restart'],
    ...['csr', 'state'],
    'disk',
  ],
  /** How do the keys of CAs leave a node? */
  'release-keys': ['install', 'trust', 'exchange', 'restart', 'state', 'disk'],
  /** How does a new node get everything that kubeadm needs? */
  prepare: ['fetch', 'trust', 'exchange', 'expiry', 'csr', 'state', 'disk'],
  /** When does each certificate expire? */
  expiry: ['trust', 'restart', 'csr', 'disk'],
  /** What does this node say about itself? */
  report: ['evidence', 'trust', 'restart', 'state', 'disk'],
  /** How are the old files restored? */
  rollback: ['install', 'rotation', 'trust', 'restart', 'state', 'disk'],
  /** What is the outcome of a request? */
  fetch: ['trust', 'exchange', 'csr', 'state', 'disk'],
  /** How are files replaced, all or none? */
  install: ['trust', 'exchange', 'restart', 'state', 'disk'],
  /** What can this node prove about a rotation? */
  evidence: ['trust', 'exchange', 'restart', 'csr', 'state', 'disk'],
  /** What does a rotation ask of this node? */
  rotation: ['trust', 'exchange', 'state', 'disk'],
  /** Why is this CA or certificate trusted? */
  trust: ['exchange', 'disk'],
  /** How does a request travel? */
  exchange: ['restart', 'csr', 'state', 'disk'],
  /** How does a component use new files, and is it healthy? */
  restart: ['disk'],
  /** What does a certificate have to contain? */
  csr: ['state', 'disk'],
  /** Who is this node, and what does Cakeless remember on it? */
  state: ['disk'],
  /** Which files does a node have? */
  disk: [],
};

/** undefined for a file outside `client/node`, or directly in it. */
const layerOf: LayerOf = (file) => {
  if (!file.startsWith('client/node/')) return undefined;
  const [layer, ...rest] = file.slice('client/node/'.length).split('/');
  return rest.length > 0 ? layer : undefined;
};

const sources = readSources('client/node');
const names = Object.keys(LAYERS);

it('lists exactly the folders that exist', () => {
  const found = readdirSync('client/node', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(found.sort()).toEqual([...names].sort());
});

it('imports go only downwards', () => {
  const wrong = names.flatMap((layer, i) =>
    (LAYERS[layer] ?? [])
      .filter((other) => names.indexOf(other) <= i)
      .map((other) => `${layer} is above ${other}`),
  );
  expect(wrong).toEqual([]);
});

it.each(names)('%s imports only from the layers in its row', (layer) => {
  const own = sources.filter(({ file }) => layerOf(file) === layer);
  expect(own).not.toEqual([]);
  expect(importsNotAllowed(LAYERS, own, layerOf)).toEqual([]);
});

it('client/node has no files outside its layers', () => {
  const files = sources.map(({ file }) => file).filter((file) => layerOf(file) === undefined);
  expect(files).toEqual([]);
});
