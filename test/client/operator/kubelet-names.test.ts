/** `cakeless cluster apply` of records with csrSigning: overlaps and forbidden names are errors, dangers are warnings. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { addClusterCommands } from '../../../client/command-line/cluster.ts';
import type { Connection } from '../../../client/connection.ts';
import { describeKubeletDangers } from '../../../client/operator/warn-of-kubelets.ts';
import { parseClusterRecord } from '../../../lib/cluster/record.ts';
import type { ClusterRecordDocument } from '../../../lib/contract/cluster-record.ts';
import { InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import type { MemoryStore } from '../../support/memory-store.ts';

let folder: string;
let authority: MemoryStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cakeless-kubelet-names-'));
  ({ authority } = await InMemoryService.open());
});
afterEach(() => rmSync(folder, { recursive: true }));

type Changes = Partial<ClusterRecordDocument>;
const SERVING: Changes = { csrSigning: { kubeletServing: {} } };
const nodesOf = (cluster: string, subnet: number): ClusterRecordDocument['nodes'] => [
  { name: `${cluster}-cp`, addresses: [`10.${subnet}.0.1`], role: 'control-plane' },
  { name: `${cluster}-w`, addresses: [`10.${subnet}.0.2`], role: 'worker' },
];
const recordOf = (cluster: string, subnet: number, changes: Changes = {}) => ({
  cluster,
  trustDomain: TRUST_DOMAIN,
  kubernetesVersion: 'v1.37.2',
  nodes: nodesOf(cluster, subnet),
  ...changes,
});

const store = (...records: { cluster: string }[]) => {
  for (const record of records)
    authority.seed(`clusters/${record.cluster}.json`, JSON.stringify(record));
};

it.each<[Changes, string | undefined]>([
  [{}, undefined],
  [{ csrSigning: {} }, 'csrSigning: no signer'],
  [
    { csrSigning: { kubeletClient: {}, kubeletServing: { roles: ['worker'] } } },
    'csrSigning: kubeletClient (control-plane, worker), kubeletServing (worker)',
  ],
  [{ csrSigning: { kubeAPIServerClient: {} } }, 'csrSigning: kubeAPIServerClient'],
])('cluster show of %j: %s', async (changes, expected) => {
  store(recordOf('a', 1, changes));
  const printed: string[] = [];
  const terminal = { print: (line: string) => void printed.push(line), progress: () => undefined };
  const program = new Command();
  const connection = { authority: async () => authority } as unknown as Connection;
  addClusterCommands(program, connection, terminal);
  await program.parseAsync(['cluster', 'show', 'a'], { from: 'user' });
  expect(printed.find((line) => line.startsWith('csrSigning'))).toBe(expected);
});

async function apply(...records: { cluster: string }[]) {
  for (const record of records)
    writeFileSync(join(folder, `${record.cluster}.json`), JSON.stringify(record));
  const said: string[] = [];
  const terminal = { print: () => undefined, progress: (line: string) => void said.push(line) };
  const program = new Command();
  addClusterCommands(
    program,
    { authority: async () => authority } as unknown as Connection,
    terminal,
  );
  const error = await program
    .parseAsync(['cluster', 'apply', '-f', folder], { from: 'user' })
    .then(() => undefined)
    .catch((reason) => reason);
  const warnings = said
    .map((line) => line.trim())
    .filter((line) => /^warning/.test(line) && !/is shared with/.test(line));
  return { error, warnings };
}

const isStored = (cluster: string) => authority.objects.has(`clusters/${cluster}.json`);

describe('names that overlap with another cluster of the trust domain', () => {
  const a = recordOf('a', 1, SERVING);
  const b = recordOf('b', 1, SERVING);

  it('are an error, which names cluster and place, and nothing is written', async () => {
    store(a);
    const { error } = await apply(b);
    expect(error).toMatchObject({
      code: 'usage',
      lines: [
        'nothing was applied, because of:',
        expect.stringMatching(/b\.json: cluster b: names overlap in trust domain fleet, whose CAs/),
        expect.stringMatching(/b\.json: 10\.1\.0\.1: node b-cp with node a-cp of cluster a$/),
        expect.stringMatching(/b\.json: 10\.1\.0\.2: node b-w with node a-w of cluster a$/),
      ],
      hint: expect.stringContaining('its own trust domain'),
    });
    expect(isStored('b')).toBe(false);
  });

  it('are an error even if both records are new', async () => {
    const { error } = await apply(a, b);
    expect(error.lines.join('\n')).toMatch(/a\.json: cluster a: [\s\S]*b\.json: cluster b: /);
    expect([isStored('a'), isStored('b')]).toEqual([false, false]);
  });

  it('do not matter if the same command moves the other cluster away', async () => {
    store(a);
    const { error } = await apply(recordOf('a', 7, SERVING), b);
    expect(error).toBeUndefined();
  });

  it('are an error for the address of a control plane, whose kubelets have no serving certificates', async () => {
    store(recordOf('a', 1, SERVING));
    const { error } = await apply(
      recordOf('b', 2, { nodes: [...nodesOf('b', 2), { ...nodesOf('x', 1)[0] } as never] }),
    );
    expect(error.lines.join('\n')).toMatch(/10\.1\.0\.1: node x-cp with node a-cp of cluster a/);
  });

  it('do not matter without serving certificates, as in two networks with the same addresses', async () => {
    expect((await apply(recordOf('a', 1), recordOf('b', 1))).error).toBeUndefined();
  });

  it('do not matter in another trust domain', async () => {
    store({ ...a, trustDomain: 'another' } as typeof a);
    expect((await apply(b)).error).toBeUndefined();
  });

  it('are a warning if the record already has them, so that other changes are possible', async () => {
    store(a, b);
    const more = { name: 'b-w2', addresses: ['10.5.0.1'], role: 'worker' as const };
    const { error, warnings } = await apply({ ...b, nodes: [...b.nodes, more] } as typeof b);
    expect(error).toBeUndefined();
    expect(warnings).toContain(
      'warning: names overlap, so no kubelet gets a certificate with them: 10.1.0.2: node b-w with node a-w of cluster a',
    );
  });

  it('are unknown if a record cannot be read', async () => {
    authority.seed('clusters/broken.json', '{"misspelled":true}');
    const { error, warnings } = await apply(a);
    expect(error).toBeUndefined();
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /no kubelet gets a serving certificate until .*: clusters\/broken\.json: /,
      ),
    );
  });
});

it.each<[what: string, changes: Changes, problem: string]>([
  [
    'localhost',
    { nodes: nodesOf('a', 1).map((node) => ({ ...node, kubelet: { certSANs: ['localhost'] } })) },
    'nodes[a-w].kubelet.certSANs: localhost (a name of the loopback)',
  ],
  [
    'the endpoint',
    {
      controlPlaneEndpoint: 'api.example.com',
      nodes: nodesOf('a', 1).map((node) => ({
        ...node,
        kubelet: { certSANs: ['api.example.com'] },
      })),
    },
    'nodes[a-cp].kubelet.certSANs: api.example.com (',
  ],
  [
    'a range of service addresses',
    {
      nodeRules: [
        {
          namePattern: 'w-*',
          addressRanges: ['10.1.8.0/22'],
          role: 'worker',
          kubelet: { addressRanges: ['10.96.4.0/24'], certSANs: ['kubernetes.*.example.com'] },
        },
      ],
    },
    'nodeRules[0].kubelet.addressRanges: 10.96.4.0/24 (networking.serviceSubnet (10.96.0.0/12))',
  ],
])('a kubelet that is given %s is an error', async (_, changes, problem) => {
  const { error } = await apply(recordOf('a', 1, changes));
  expect(error).toMatchObject({ code: 'usage' });
  expect(error.lines).toContainEqual(expect.stringContaining(problem));
  expect(isStored('a')).toBe(false);
});

describe('warns of', () => {
  const rule = {
    namePattern: 'w-*.example.com',
    addressRanges: ['10.1.0.0/16'],
    role: 'worker' as const,
  };
  const dangerous: Changes = { csrSigning: { kubeletServing: { dangerouslySignByCA: true } } };
  beforeEach(() => {
    const key = `trust/${TRUST_DOMAIN}.json`;
    const document = authority.json(key) as { cas: Record<string, unknown> };
    const { 'kubelet-ca': _, ...cas } = document.cas;
    authority.seed(key, JSON.stringify({ ...document, cas }));
  });

  it.each<[what: string, changes: Changes, warning: RegExp]>([
    [
      'a range of workers that contains control planes',
      { ...SERVING, nodeRules: [rule] },
      /nodeRules\[0\]: range 10\.1\.0\.0\/16 of workers contains addresses of control planes: 10\.1\.0\.1 \(node a-cp\)/,
    ],
    [
      'a range of workers that overlaps with a rule for control planes',
      {
        ...SERVING,
        nodeRules: [
          { namePattern: 'cp-*', addressRanges: ['10.1.9.0/24'], role: 'control-plane' },
          rule,
        ],
      },
      /nodeRules\[1\]: range .* contains addresses of control planes: .*nodeRules\[0\] \(10\.1\.9\.0\/24\)/,
    ],
    [
      'names of workers that a wildcard of the API servers covers',
      { ...SERVING, nodeRules: [rule], apiServer: { certSANs: ['*.example.com'] } },
      /nodeRules\[0\]: names of workers match apiServer\.certSANs \(\*\.example\.com\)/,
    ],
    [
      'a worker with the address of the endpoint',
      { ...SERVING, controlPlaneEndpoint: '10.1.0.2:6443' },
      /no kubelet gets a serving certificate with 10\.1\.0\.2 of a-w \(controlPlaneEndpoint\)/,
    ],
    [
      'nodes that match a rule, without kubelet-ca',
      { ...SERVING, nodeRules: [rule] },
      /serving certificates of kubelets of nodes that match a rule are rejected: trust domain fleet has no kubelet-ca/,
    ],
    [
      'dangerouslySignByCA, and names its danger',
      dangerous,
      /dangerouslySignByCA: ca, .* lets a node act as an API server, and nothing revokes/,
    ],
    [
      'certificates of users without their rule',
      { csrSigning: { kubeAPIServerClient: {} } },
      /kubeAPIServerClient has no effect without users/,
    ],
  ])('%s', async (_, changes, warning) => {
    const { error, warnings } = await apply(recordOf('a', 1, changes));
    expect(error).toBeUndefined();
    expect(warnings).toContainEqual(expect.stringMatching(warning));
  });

  it('serving certificates in a shared trust domain without kubelet-ca', async () => {
    store(recordOf('b', 2));
    const { warnings } = await apply(recordOf('a', 1, SERVING));
    expect(warnings).toEqual([
      expect.stringMatching(
        /of kubelets are rejected: other clusters share trust domain fleet, which/,
      ),
    ]);
  });

  it('csrSigning that names no signer', async () => {
    const { warnings } = await apply(recordOf('a', 1, { csrSigning: {} }));
    expect(warnings).toEqual([expect.stringMatching(/csrSigning names no signer/)]);
  });

  it('nothing with kubelet-ca, except that dangerouslySignByCA has no effect', () => {
    const narrow = { ...rule, addressRanges: ['10.3.0.0/16'] };
    const dangersOf = (changes: Changes) => {
      const { record } = parseClusterRecord(recordOf('a', 1, { nodeRules: [narrow], ...changes }));
      if (!record) throw new Error('not a record');
      return describeKubeletDangers(record, { hasKubeletCa: true, sharedWith: ['b'] });
    };
    expect(dangersOf(SERVING)).toEqual([]);
    expect(dangersOf(dangerous)).toEqual([expect.stringMatching(/CA has no effect/)]);
  });
});
