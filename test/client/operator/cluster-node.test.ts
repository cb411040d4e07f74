/** `cakeless cluster node`, `cluster list` and `trust-domain list`, and records in YAML. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { parse } from 'yaml';
import { addClusterCommands } from '../../../client/command-line/cluster.ts';
import { addClusterNodeCommands } from '../../../client/command-line/cluster-node.ts';
import { addTrustDomainCommands } from '../../../client/command-line/trust-domain.ts';
import type { Connection } from '../../../client/connection.ts';
import { expiryKey } from '../../../lib/contract/expiry-key.ts';
import { InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import type { MemoryStore } from '../../support/memory-store.ts';

const KEY = 'clusters/prod.json';
const NOW = new Date('2026-11-26T12:00:00Z');
const RECORD = {
  cluster: 'prod',
  trustDomain: TRUST_DOMAIN,
  kubernetesVersion: 'v1.37.2',
  nodes: [
    { name: 'cp-1', addresses: ['10.0.0.1'], role: 'control-plane', uploaders: ['AWS:AROA:*'] },
    { name: 'w-1', addresses: ['10.0.0.2'], role: 'worker' },
  ],
  users: { organizations: ['team-a'] },
};
const folder = mkdtempSync(join(tmpdir(), 'cakeless-cluster-node-'));
afterAll(() => rmSync(folder, { recursive: true }));

let authority: MemoryStore;
beforeEach(async () => {
  ({ authority } = await InMemoryService.open());
  authority.seed(KEY, JSON.stringify(RECORD));
});

async function cakeless(...args: string[]) {
  const said: string[] = [];
  const printed: string[] = [];
  const terminal = {
    print: (line: string) => void printed.push(line),
    progress: (line: string) => void said.push(line),
  };
  const connection = { authority: async () => authority } as unknown as Connection;
  const program = new Command();
  if (args[0] === 'node')
    addClusterNodeCommands(program, connection, terminal, { now: () => NOW } as never);
  else {
    addClusterCommands(program, connection, terminal);
    addTrustDomainCommands(program, connection, terminal, {} as never, () => undefined);
  }
  const error = await program
    .parseAsync(args, { from: 'user' })
    .then(() => undefined)
    .catch((reason) => reason);
  return { error, said, printed };
}

const names = () => (authority.json(KEY) as typeof RECORD).nodes.map(({ name }) => name);
const worker = ['--role', 'worker'];

it('adds a node, keeps everything else, and prints the difference', async () => {
  const { error, said } = await cakeless(
    'node',
    'add',
    'prod',
    'w-2',
    '10.0.0.3',
    'fd00::3',
    ...worker,
  );
  expect([error, said]).toEqual([
    undefined,
    [
      'cluster prod configured: changed nodes',
      '  + nodes[w-2]: {"name":"w-2","addresses":["10.0.0.3","fd00::3"],"role":"worker"}',
    ],
  ]);
  const node = { name: 'w-2', addresses: ['10.0.0.3', 'fd00::3'], role: 'worker' };
  expect(authority.json(KEY)).toEqual({ ...RECORD, nodes: [...RECORD.nodes, node] });
});

it('adding a node that the record has changes nothing', async () => {
  const { said } = await cakeless('node', 'add', 'prod', 'w-1', '10.0.0.2', ...worker);
  expect(said).toEqual(['cluster prod unchanged']);
});

it('changes role and addresses of a node with --replace only, and keeps its other fields', async () => {
  const args = ['node', 'add', 'prod', 'cp-1', '10.0.0.9', '--role', 'control-plane'];
  expect((await cakeless(...args)).error).toMatchObject({
    code: 'usage',
    message: expect.stringContaining('already a control-plane node with 10.0.0.1'),
    hint: expect.stringContaining('--replace'),
  });
  expect(authority.json(KEY)).toEqual(RECORD);
  await cakeless(...args, '--replace');
  expect((authority.json(KEY) as typeof RECORD).nodes[0]).toEqual({
    ...RECORD.nodes[0],
    addresses: ['10.0.0.9'],
  });
});

it('declares names of a kubelet, and keeps them when other values are replaced', async () => {
  const sans = ['--kubelet-cert-san', 'w-2.example.net', '--kubelet-cert-san', '203.0.113.2'];
  await cakeless('node', 'add', 'prod', 'w-2', '10.0.0.3', ...worker, ...sans);
  const node = () => (authority.json(KEY) as typeof RECORD).nodes.at(-1);
  const kubelet = { certSANs: ['w-2.example.net', '203.0.113.2'] };
  expect(node()).toEqual({ name: 'w-2', addresses: ['10.0.0.3'], role: 'worker', kubelet });
  await cakeless('node', 'add', 'prod', 'w-2', '10.0.0.4', ...worker, '--replace');
  expect(node()).toMatchObject({ addresses: ['10.0.0.4'], kubelet });
});

it('a dry run prints the record and the difference, and writes nothing', async () => {
  const args = ['node', 'remove', 'prod', 'w-1', '--dry-run', '-o', 'yaml'];
  const { said, printed } = await cakeless(...args);
  expect(said[0]).toBe('cluster prod configured: changed nodes (dry run)');
  expect(parse(printed.join('\n')).nodes).toHaveLength(1);
  expect(authority.json(KEY)).toEqual(RECORD);
});

it.each([
  [
    'an invalid address',
    ['add', 'prod', 'w-2', '10.0.0', ...worker],
    /addresses\[0\]: must be an IP/,
  ],
  [
    'an invalid name',
    ['add', 'prod', 'W_2', '10.0.0.3', ...worker],
    /the record would not be valid: nodes\[2\]\.name: must be/,
  ],
  [
    'a name that no kubelet may have',
    ['add', 'prod', 'w-2', '10.0.0.3', ...worker, '--kubelet-cert-san', '10.0.0.1'],
    /nodes\[w-2\]\.kubelet\.certSANs: 10\.0\.0\.1 \(node cp-1 and node w-2\)/,
  ],
  ['a node that is not in the record', ['remove', 'prod', 'w-9'], /w-9: no such node/],
  ['the last node', ['remove', 'prod', 'cp-1', 'w-1'], /would remove its last node/],
  [
    'a cluster without a record',
    ['add', 'dev', 'w-1', '10.0.0.2', ...worker],
    /no such cluster record/,
  ],
])('refuses %s, and writes nothing', async (_, args, problem) => {
  const { error } = await cakeless('node', ...args);
  expect(error).toMatchObject({ code: 'usage', message: expect.stringMatching(problem) });
  expect(authority.json(KEY)).toEqual(RECORD);
});

it('refuses to change a record that cannot be read', async () => {
  authority.seed(KEY, JSON.stringify({ ...RECORD, misspelled: true }));
  const { error } = await cakeless('node', 'remove', 'prod', 'w-1');
  expect(error).toMatchObject({ code: 'failure', hint: expect.stringContaining('-f RECORD') });
});

describe('a node with valid certificates', () => {
  const certificate = (node: string, day: string) =>
    authority.seed(
      expiryKey({
        ...{ day, cluster: 'prod', node, certificateName: 'kubelet.conf', requestId: 'r-1' },
        ...{ caVersion: 1, serialNumber: '0a' },
      }),
      '',
    );

  it('is removed only with --accept-valid-certificates, which names what stays valid', async () => {
    certificate('w-1', '2027-01-31');
    const { error } = await cakeless('node', 'remove', 'prod', 'w-1');
    expect(error).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('w-1 has valid certificates until 2027-01-31: kubelet.conf'),
    });
    expect(names()).toEqual(['cp-1', 'w-1']);
    const accepted = await cakeless('node', 'remove', 'prod', 'w-1', '--accept-valid-certificates');
    expect(accepted.said[0]).toMatch(/^warning: w-1 has valid certificates until 2027-01-31/);
    expect(names()).toEqual(['cp-1']);
  });

  it.each([
    ['another node', 'cp-1', '2027-01-31'],
    ['the past', 'w-1', '2026-11-25'],
  ])('is not one whose certificates are those of %s', async (_, node, day) => {
    certificate(node, day);
    expect((await cakeless('node', 'remove', 'prod', 'w-1')).error).toBeUndefined();
    expect(names()).toEqual(['cp-1']);
  });
});

it('someone else who changes the record in the meantime loses nothing', async () => {
  authority.interrupt = (point) => {
    if (point !== 'before replace') return;
    authority.interrupt = () => undefined;
    authority.seed(KEY, JSON.stringify({ ...RECORD, kubernetesVersion: 'v1.37.3' }));
  };
  const { error } = await cakeless('node', 'remove', 'prod', 'w-1');
  expect(error).toMatchObject({ code: 'conflict' });
  expect(authority.json(KEY)).toMatchObject({ kubernetesVersion: 'v1.37.3', nodes: RECORD.nodes });
});

it('lists the clusters, and exits with an error that names the records that cannot be read', async () => {
  authority.seed('clusters/dev.json', JSON.stringify({ ...RECORD, cluster: 'dev' }));
  authority.seed('clusters/broken.json', '{"misspelled":true}');
  const { printed, error } = await cakeless('cluster', 'list');
  expect(printed).toEqual([
    'CLUSTER   TRUST DOMAIN   VERSION   CONTROL PLANES   WORKERS   NODE RULES   ENDPOINT',
    'dev       fleet          v1.37.2   1                1         0            none',
    'prod      fleet          v1.37.2   1                1         0            none',
  ]);
  expect(error).toMatchObject({
    code: 'failure',
    message: expect.stringMatching(/^1 not listed, because .*: clusters\/broken\.json: /),
  });
});

it('lists the trust domains with the clusters that use them', async () => {
  const { printed } = await cakeless('trust-domain', 'list', '-o', 'json');
  expect(JSON.parse(printed.join('\n'))).toEqual([
    {
      trustDomain: TRUST_DOMAIN,
      origins: ['made'],
      keySpecs: [expect.any(String)],
      notAfter: expect.stringMatching(/^\d{4}-.*Z$/),
      clusters: ['prod'],
    },
  ]);
});

it('a record that cluster show printed as YAML is applied unchanged', async () => {
  const { printed } = await cakeless('cluster', 'show', 'prod', '-o', 'yaml');
  const file = join(folder, 'prod.yaml');
  writeFileSync(file, `# kept in version control\n${printed.join('\n')}\n`);
  expect((await cakeless('cluster', 'apply', 'prod', '-f', file)).said.at(-1)).toBe(
    'cluster prod unchanged',
  );
});

it.each([
  [
    'aliases that expand to gigabytes',
    `a: &a [${'x,'.repeat(9)}x]\n${[...'bcdefgh'].map((c, i) => `${c}: &${c} [${`*${'abcdefg'[i]},`.repeat(9)}x]\n`).join('')}`,
    /not YAML: /,
  ],
  ['a key twice', 'cluster: a\ncluster: b\n', /not YAML: .*unique/],
  ['bytes', 'cluster: !!binary cHJvZA==\n', /cluster: must be of type string/],
  ['a list', '- a\n', /the document: must be of type object/],
])('refuses a YAML record with %s', async (_, text, problem) => {
  const file = join(folder, 'bad.yaml');
  writeFileSync(file, text);
  const { error } = await cakeless('cluster', 'apply', 'prod', '-f', file);
  expect(error).toMatchObject({ code: 'usage', message: expect.stringMatching(problem) });
});
