/** `cakeless cluster apply` by several people at the same time: no change is lost, and everyone sees whether theirs was applied. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { addClusterCommands } from '../../../client/command-line/cluster.ts';
import type { Connection } from '../../../client/connection.ts';
import { CommandError } from '../../../client/errors.ts';
import { exitCodeOfError } from '../../../client/exit-codes.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { InMemoryService, TRUST_DOMAIN } from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import type { MemoryStore } from '../../support/memory-store.ts';
import { RunningService } from '../../support/running-service.ts';

const KEY = 'clusters/prod.json';
const OTHERS_TIME = new Date('2026-11-26T12:34:56Z');
const folder = mkdtempSync(join(tmpdir(), 'cakeless-apply-record-'));
const kubeadmConfig = join(folder, 'config.yaml');
const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
writeFileSync(kubeadmConfig, set.configYaml ?? '');
afterAll(() => rmSync(folder, { recursive: true }));

async function clusterApply(authority: ObjectStore, ...args: string[]) {
  const said: string[] = [];
  const terminal = { print: () => undefined, progress: (line: string) => void said.push(line) };
  const program = new Command();
  addClusterCommands(program, { authority: async () => authority } as Connection, terminal);
  const error = await program
    .parseAsync(['cluster', 'apply', 'prod', ...args], { from: 'user' })
    .then(() => undefined)
    .catch((reason) => reason);
  return { error, said };
}

const fromKubeadm = (...more: string[]) => [
  ...['--kubeadm-config', kubeadmConfig, '--trust-domain', TRUST_DOMAIN, ...more],
];

async function newAuthority(): Promise<MemoryStore> {
  const { authority } = await InMemoryService.open();
  authority.now = () => OTHERS_TIME;
  return authority;
}

/** Lets someone else act after the command has read the record, and before it writes. */
function meanwhile(authority: MemoryStore, act: () => void): void {
  authority.interrupt = (point) => {
    if (point !== 'before create' && point !== 'before replace') return;
    authority.interrupt = () => undefined;
    act();
  };
}

/** What someone else writes: the record with another version, and one more node. */
function edited(authority: MemoryStore) {
  const record = JSON.parse(authority.text(KEY) ?? '{}');
  const node = { name: 'theirs', addresses: ['10.9.9.9'], role: 'worker' };
  return { ...record, kubernetesVersion: 'v1.36.0', nodes: [...record.nodes, node] };
}

it('reads once and writes once, with the ETag of what it read', async () => {
  const authority = await newAuthority();
  await clusterApply(authority, ...fromKubeadm());
  const { said, error } = await clusterApply(authority, ...fromKubeadm('--worker', 'w=10.0.0.9'));
  expect([error, said]).toEqual([
    undefined,
    [
      'cluster prod configured: changed nodes',
      '  + nodes[w]: {"name":"w","addresses":["10.0.0.9"],"role":"worker"}',
    ],
  ]);
  const ofRecord = authority.calls.filter(({ key }) => key === KEY).map(({ call }) => call);
  expect(ofRecord).toEqual(['get', 'create', 'get', 'replace']);
});

it('warns of a validity that a daily timer on the nodes cannot serve', async () => {
  const short = join(folder, 'short.yaml');
  const kind = 'kind: ClusterConfiguration\n';
  const yaml = (set.configYaml ?? '').replace(kind, `${kind}certificateValidityPeriod: 24h0m0s\n`);
  writeFileSync(short, yaml);
  const args = ['--kubeadm-config', short, '--trust-domain', TRUST_DOMAIN];
  const { error, said } = await clusterApply(await newAuthority(), ...args);
  expect([error, said[0]]).toEqual([
    undefined,
    expect.stringMatching(
      /^warning: certificates that are valid for 24 hours need a timer that runs every hour/,
    ),
  ]);
});

describe('if someone else', () => {
  it('changes the record in the meantime, their change stays, and the error says when and what', async () => {
    const authority = await newAuthority();
    await clusterApply(authority, ...fromKubeadm());
    const theirs = JSON.stringify(edited(authority));
    meanwhile(authority, () => authority.seed(KEY, theirs));
    const { error } = await clusterApply(authority, ...fromKubeadm('--worker', 'ours=10.0.0.9'));
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({
      code: 'conflict',
      message:
        'cluster prod: someone else changed kubernetesVersion, nodes in the record while this command was running, at 2026-11-26T12:34:56.000Z; nothing was written',
      hint: 'run the same command again; it starts from the changed record',
    });
    expect(exitCodeOfError(error)).toBe(12);
    expect(authority.text(KEY)).toBe(theirs);
  });

  it('changed it, the same command run again keeps their change and adds ours', async () => {
    const authority = await newAuthority();
    await clusterApply(authority, ...fromKubeadm());
    meanwhile(authority, () => authority.seed(KEY, JSON.stringify(edited(authority))));
    const ours = fromKubeadm('--worker', 'ours=10.0.0.9');
    expect((await clusterApply(authority, ...ours)).error).toMatchObject({ code: 'conflict' });
    expect((await clusterApply(authority, ...ours)).error).toBeUndefined();
    const { nodes } = authority.json(KEY) as { nodes: { name: string }[] };
    expect(nodes.map(({ name }) => name)).toEqual(expect.arrayContaining(['theirs', 'ours']));
  });

  it('creates the record in the meantime, theirs is kept', async () => {
    const authority = await newAuthority();
    meanwhile(authority, () => authority.seed(KEY, '{"theirs":true}'));
    const { error } = await clusterApply(authority, ...fromKubeadm());
    expect(error).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/^cluster prod: someone else created the record while /),
    });
    expect(authority.text(KEY)).toBe('{"theirs":true}');
  });

  it('removes the record in the meantime, it stays removed', async () => {
    const authority = await newAuthority();
    await clusterApply(authority, ...fromKubeadm());
    meanwhile(authority, () => authority.objects.delete(KEY));
    const { error } = await clusterApply(authority, ...fromKubeadm('--worker', 'w=10.0.0.9'));
    expect(error).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('someone else removed the record'),
    });
    expect(authority.text(KEY)).toBeUndefined();
  });

  it('changes it while a record file is applied, the hint says to merge their change first', async () => {
    const authority = await newAuthority();
    await clusterApply(authority, ...fromKubeadm());
    const file = join(folder, 'record.json');
    writeFileSync(file, JSON.stringify({ ...authority.json(KEY), kubernetesVersion: 'v1.35.0' }));
    meanwhile(authority, () => authority.seed(KEY, JSON.stringify(edited(authority))));
    expect((await clusterApply(authority, '-f', file)).error).toMatchObject({
      code: 'conflict',
      hint: `run cakeless cluster show prod -o json, add the change to ${file}, and run the same command again`,
    });
  });

  it('writes the very same record, there is nothing to complain about', async () => {
    const authority = await newAuthority();
    const twin = await newAuthority();
    await clusterApply(twin, ...fromKubeadm());
    meanwhile(authority, () => authority.seed(KEY, twin.text(KEY) ?? ''));
    const { error, said } = await clusterApply(authority, ...fromKubeadm());
    expect([error, said]).toEqual([undefined, ['cluster prod created']]);
  });
});

describe('records that cannot be read', () => {
  const withUnknownField = (authority: MemoryStore) =>
    JSON.stringify({ ...authority.json(KEY), misspelled: true });

  it('of other clusters are reported, and do not stop the command', async () => {
    const authority = await newAuthority();
    authority.seed('clusters/legacy.json', '{"misspelled":true}');
    const { error, said } = await clusterApply(authority, ...fromKubeadm());
    expect(error).toBeUndefined();
    expect(said).toEqual([
      expect.stringMatching(
        /^warning: it is unknown whether cluster legacy shares trust domain fleet: clusters\/legacy\.json: /,
      ),
      'cluster prod created',
    ]);
  });

  it.each([
    ['with an unknown field', withUnknownField, 'changed kubernetesVersion; removed misspelled'],
    ['that are not JSON', () => 'not JSON', /^added .*nodes/],
  ])('%s are replaced by a record file', async (_, broken, changes) => {
    const authority = await newAuthority();
    await clusterApply(authority, ...fromKubeadm());
    const file = join(folder, 'good.json');
    writeFileSync(file, JSON.stringify({ ...authority.json(KEY), kubernetesVersion: 'v1.36.0' }));
    authority.seed(KEY, broken(authority));
    const { error, said } = await clusterApply(authority, '-f', file);
    expect(error).toBeUndefined();
    expect(authority.json(KEY)).toMatchObject({ kubernetesVersion: 'v1.36.0' });
    expect(said[0]).toMatch(
      /^warning: the record that this one replaces cannot be read: clusters\/prod\.json: /,
    );
    const summary = said.find((line) => line.startsWith('cluster prod configured: '));
    expect(summary?.replace('cluster prod configured: ', '')).toMatch(changes);
  });

  it('still tell the trust domain from which their replacement moves the cluster', async () => {
    const authority = await newAuthority();
    await clusterApply(authority, ...fromKubeadm());
    const file = join(folder, 'good.json');
    writeFileSync(file, JSON.stringify(authority.json(KEY)));
    authority.seed(KEY, JSON.stringify({ trustDomain: 'old', misspelled: true }));
    const { said } = await clusterApply(authority, '-f', file);
    expect(said.join('\n')).toMatch(/warning: .*trust domain old/);
  });

  it.each<[string, (record: Record<string, unknown>) => object, string]>([
    [
      'of another cluster under this name',
      (record) => ({ ...record, cluster: 'dev', uploaders: ['AROADEV'] }),
      'is the record of dev',
    ],
    [
      'with a node that is listed twice',
      (record) => ({ ...record, nodes: [record.nodes, record.nodes].flat() }),
      'is listed twice',
    ],
  ])('%s are not built on', async (_, change, problem) => {
    const authority = await newAuthority();
    await clusterApply(authority, ...fromKubeadm());
    const broken = JSON.stringify(change(authority.json(KEY) as Record<string, unknown>));
    authority.seed(KEY, broken);
    const { error } = await clusterApply(authority, ...fromKubeadm());
    expect(error).toMatchObject({ message: expect.stringContaining(problem) });
    expect(authority.text(KEY)).toBe(broken);
  });

  it('are not replaced if someone else repairs them in the meantime', async () => {
    const authority = await newAuthority();
    await clusterApply(authority, ...fromKubeadm());
    const file = join(folder, 'good.json');
    const repaired = authority.text(KEY) ?? '';
    writeFileSync(file, JSON.stringify({ ...authority.json(KEY), kubernetesVersion: 'v1.36.0' }));
    authority.seed(KEY, 'not JSON');
    meanwhile(authority, () => authority.seed(KEY, repaired));
    expect((await clusterApply(authority, '-f', file)).error).toMatchObject({ code: 'conflict' });
    expect(authority.text(KEY)).toBe(repaired);
  });

  it('are not replaced from a kubeadm configuration, which lacks some of their fields', async () => {
    const authority = await newAuthority();
    await clusterApply(authority, ...fromKubeadm());
    const broken = withUnknownField(authority);
    authority.seed(KEY, broken);
    expect((await clusterApply(authority, ...fromKubeadm())).error).toMatchObject({
      message: expect.stringContaining('misspelled'),
      hint: 'replace the whole record with cakeless cluster apply prod -f RECORD',
    });
    expect(authority.text(KEY)).toBe(broken);
  });
});

it('names a record file once if it does not exist, and says if it is not JSON', async () => {
  const authority = await newAuthority();
  const missing = join(folder, 'missing.json');
  expect((await clusterApply(authority, '-f', missing)).error).toMatchObject({
    code: 'usage',
    message: `${missing}: no such file or directory`,
  });
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, '{');
  expect((await clusterApply(authority, '-f', broken)).error).toMatchObject({
    message: expect.stringContaining(`${broken}: not JSON: `),
  });
});

it('names the fields that an old record file would change back', async () => {
  const authority = await newAuthority();
  await clusterApply(authority, ...fromKubeadm());
  const file = join(folder, 'old.json');
  writeFileSync(file, authority.text(KEY) ?? '');
  const newer = { ...edited(authority), uploaders: ['AWS:AROAEXAMPLE:*'] };
  authority.seed(KEY, JSON.stringify(newer));
  const { said } = await clusterApply(authority, '-f', file);
  expect(said).toEqual([
    'cluster prod configured: changed kubernetesVersion, nodes; removed uploaders',
    '  ~ kubernetesVersion: "v1.36.0" is now "v1.37.2"',
    '  - nodes[theirs]: {"name":"theirs","addresses":["10.9.9.9"],"role":"worker"}',
    '  - uploaders: ["AWS:AROAEXAMPLE:*"]',
  ]);
});

it('a dry run writes nothing and never conflicts', async () => {
  const authority = await newAuthority();
  const { error } = await clusterApply(authority, ...fromKubeadm('--dry-run'));
  expect(error).toBeUndefined();
  expect(authority.text(KEY)).toBeUndefined();
});

it('every concurrent run over HTTP that reports success has its node in the record', async () => {
  const service = await RunningService.start();
  try {
    await service.invoke('cakeless-create-ca', { trustDomain: TRUST_DOMAIN });
    const names = ['w1', 'w2', 'w3', 'w4'];
    const runs = await Promise.all(
      names.map((name, i) =>
        clusterApply(
          service.store('authority'),
          ...fromKubeadm('--worker', `${name}=10.0.0.${i + 20}`),
        ),
      ),
    );
    const succeeded = names.filter((_, i) => runs[i]?.error === undefined);
    expect(succeeded.length).toBeGreaterThan(0);
    for (const { error } of runs) if (error) expect(error).toMatchObject({ code: 'conflict' });
    const record = JSON.parse((await service.text('authority', KEY)) ?? '');
    const workers = record.nodes
      .filter(({ role }: { role: string }) => role === 'worker')
      .map(({ name }: { name: string }) => name);
    expect(workers.sort()).toEqual(succeeded);
  } finally {
    await service.close();
  }
});

it.each([
  ['8760h', []],
  [
    '8760h0m1s',
    [
      'warning: certificateValidityPeriod is 8760h0m1s, more than 8760h0m0s: requests are rejected with validity-too-long, unless the deployment allows more in trust domain fleet',
    ],
  ],
])('a validity of %s: says whether the service may reject it', async (period, warnings) => {
  const authority = await newAuthority();
  await clusterApply(authority, ...fromKubeadm());
  const file = join(folder, 'validity.json');
  const record = { ...authority.json(KEY), certificateValidityPeriod: period };
  writeFileSync(file, JSON.stringify(record));
  const { said } = await clusterApply(authority, '-f', file);
  expect(said.filter((line) => line.startsWith('warning'))).toEqual(warnings);
});

it.each([
  ['names of the API server', { apiServer: { certSANs: ['new.example.com'] } }, 'apiserver'],
  [
    'names of etcd',
    { etcd: { local: { peerCertSANs: ['new.example.com'] } } },
    'etcd-server etcd-peer',
  ],
  ['nothing that names come from', { requiredApprovals: 2 }, undefined],
])('a change of %s: says what to run on the nodes', async (_, change, names) => {
  const authority = await newAuthority();
  await clusterApply(authority, ...fromKubeadm());
  const file = join(folder, 'names.json');
  writeFileSync(file, JSON.stringify({ ...(authority.json(KEY) as object), ...change }));
  const { said } = await clusterApply(authority, '-f', file);
  expect(said.filter((line) => line.startsWith('warning'))).toEqual(
    names === undefined
      ? []
      : [expect.stringContaining(`with cakeless renew ${names} --config FILE`)],
  );
});
