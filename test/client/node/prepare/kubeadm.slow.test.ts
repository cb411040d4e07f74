/** Real kubeadm continues with what was prepared, without any CA key. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { NewNode } from '../../../support/new-node.ts';
import { runKubeadm, whyNoKubeadm } from '../../../support/real-kubeadm.ts';
import { RunningService } from '../../../support/running-service.ts';

const SETS = [
  ['1.22.17', 'v6-rsa2048'],
  ['1.29.15', 'v4-p256'],
  ['1.35.4', 'v6-p384'],
  ['1.37.2', 'v4-p256'],
] as const;
const ROOTFS_CONFIG = '/etc/kubernetes/config.yaml';

interface Kubeconfig extends Record<string, unknown> {
  readonly users: { name: string; user: Record<string, string> }[];
  readonly clusters: { name: string; cluster: Record<string, string> }[];
}

const root = mkdtempSync(join(tmpdir(), 'cakeless-prepared-'));
let service: RunningService;
beforeAll(async () => {
  service = await RunningService.start();
  await service.invoke('cakeless-create-ca', { trustDomain: 'fleet' });
});
afterAll(async () => {
  await service.close();
  rmSync(root, { recursive: true });
});

describe.each(SETS)('kubeadm %s %s', (version, name) => {
  const why = whyNoKubeadm(version);
  if (why) return it.skip(why, () => undefined);
  const set = kubeadmSet(version, 'generate-csr', name);
  const rootfs = join(root, version);
  let node: NewNode;

  const kubeadm = (...args: string[]) => runKubeadm(version, ...args, '--rootfs', rootfs);
  const phase = (...words: string[]) =>
    kubeadm('init', 'phase', ...words, '--config', ROOTFS_CONFIG);

  beforeAll(async () => {
    const cluster = `v${version.replaceAll('.', '-')}`;
    const { node: nodeName } = await service.declare(set, cluster);
    const folder = join(rootfs, 'etc/kubernetes');
    node = new NewNode(service, folder, cluster, nodeName, set.configYaml ?? '');
    const { exitCode, text } = await node.prepareWhole();
    if (exitCode !== 0) throw new Error(text);
  });

  it('init phase certs all uses every certificate and creates none', () => {
    const before = readdirSync(rootfs, { recursive: true }).sort();
    const { status, stdout, stderr } = phase('certs', 'all');
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect(stdout).toMatch(/keyless/);
    expect(stdout).toMatch(/sa" key|existing sa keys/);
    expect(readdirSync(rootfs, { recursive: true }).sort()).toEqual(before);
  });

  it('init phase kubeconfig all uses every kubeconfig', () => {
    const { status, stdout, stderr } = phase('kubeconfig', 'all');
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    // kubeadm expects the shared endpoint in kubelet.conf, although it would write the local one
    expect(stderr.replace(/.*kubelet\.conf.*/, '')).not.toMatch(/unexpected API Server URL/);
    expect(stdout.match(/Using user provided/g)?.length ?? 0).toBeGreaterThanOrEqual(4);
    expect(stdout).not.toMatch(/Writing/);
  });

  it('certs check-expiration lists every certificate as externally managed', () => {
    const args = ['certs', 'check-expiration', '--config', ROOTFS_CONFIG];
    const { status, stdout, stderr } = kubeadm(...args);
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    expect(stdout).not.toMatch(/MISSING/);
    const rows = stdout.split('\n').filter((line) => / UTC /.test(line));
    expect(rows.length).toBeGreaterThanOrEqual(13);
    for (const row of rows) expect(row.trim()).toMatch(/ yes$/);
  });

  it('kubeconfigs equal those that kubeadm creates with a local CA', () => {
    const own = join(root, `${version}-own`);
    mkdirSync(join(own, 'etc/kubernetes'), { recursive: true });
    writeFileSync(join(own, ROOTFS_CONFIG), set.configYaml ?? '');
    for (const words of [
      ['certs', 'ca'],
      ['kubeconfig', 'all'],
    ]) {
      const args = ['init', 'phase', ...words, '--config', ROOTFS_CONFIG, '--rootfs', own];
      const { status, stderr } = runKubeadm(version, ...args);
      if (status !== 0) throw new Error(stderr);
    }
    const files = readdirSync(join(own, 'etc/kubernetes')).filter((file) => file.endsWith('.conf'));
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of files) {
      const [real, mine] = [join(own, 'etc/kubernetes', file), node.at(file)].map(comparable);
      expect([file, mine]).toEqual([file, real]);
    }
  });
  return undefined;
});

/** Keys and certificates differ, and the `preferences` of old releases are empty. */
function comparable(file: string) {
  const { preferences, ...document } = parse(readFileSync(file, 'utf8')) as Kubeconfig;
  expect(preferences ?? {}).toEqual({});
  return {
    ...document,
    users: document.users.map(({ name, user }) => ({ name, user: Object.keys(user).sort() })),
    clusters: document.clusters.map(({ name, cluster }) => ({
      name,
      server: cluster.server,
      has: Object.keys(cluster).sort(),
    })),
  };
}
