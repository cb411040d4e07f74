/** Every command of a node finds its files by the same defaults. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newest, useFleet } from '../../support/fleet.ts';
import { LEAVES, OpensslNode } from '../../support/openssl-node.ts';
import { cakeless } from '../../support/running-service-command.ts';

const fleet = useFleet();
const root = mkdtempSync(join(tmpdir(), 'cakeless-defaults-'));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
function newFolder(): string {
  count += 1;
  return mkdtempSync(join(root, `${count}-`));
}

const apiserver = LEAVES.filter(({ path }) => path === 'pki/apiserver');

describe('--kubeconfig-dir X means certificates in X/pki', () => {
  it('for prepare, even if the kubeadm configuration names another certificatesDir', async () => {
    const elsewhere = join(newFolder(), 'pki');
    const yaml = (newest.configYaml ?? '').replace(
      'kind: ClusterConfiguration\n',
      `kind: ClusterConfiguration\ncertificatesDir: ${elsewhere}\n`,
    );
    expect(yaml).toContain(elsewhere);
    const node = await fleet.newNode(newest, yaml);
    const { result } = await node.prepareWhole();
    expect(result.preflightProblems).toEqual([]);
    const files = result.certificates.map(({ file }) => file);
    expect(files).toContain(node.at('pki/apiserver.crt'));
    expect(existsSync(node.at('pki/sa.key'))).toBe(true);
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('for csr and check-expiration', async () => {
    const folder = newFolder();
    new OpensslNode(folder).make(apiserver);
    const made = await cakeless({}, 'csr', 'apiserver', '--kubeconfig-dir', folder);
    expect([made.exitCode, made.stderr]).toEqual([0, '']);
    const checked = await cakeless(
      {},
      ...['check-expiration', '--kubeconfig-dir', folder, '-o', 'json'],
    );
    const { certificates, problems } = JSON.parse(checked.stdout);
    const row = certificates.find(({ name }: { name: string }) => name === 'apiserver');
    expect(row).toMatchObject({ missing: false });
    const files: string[] = problems.map(({ file }: { file: string }) => file);
    expect(files.filter((file) => !file.startsWith(folder))).toEqual([]);
  });
});

describe('without options, the file of the node says where things are', () => {
  it('for check-expiration: folders, and the name that its certificates must have', async () => {
    const folder = newFolder();
    new OpensslNode(folder).make();
    renameSync(join(folder, 'pki'), join(folder, 'moved'));
    const nodeConfig = join(folder, 'cakeless.yaml');
    const check = async (...lines: string[]) => {
      writeFileSync(nodeConfig, [`kubeconfigDir: ${folder}`, ...lines].join('\n'));
      const args = ['check-expiration', '--node-config', nodeConfig, '-o', 'json'];
      const { stdout } = await cakeless({}, ...args);
      return JSON.parse(stdout).problems as { name: string; problem: string }[];
    };
    const certDir = `certDir: ${join(folder, 'moved')}`;
    expect(await check(certDir)).not.toContainEqual(
      expect.objectContaining({ problem: 'it is missing' }),
    );
    expect(await check()).toContainEqual(expect.objectContaining({ problem: 'it is missing' }));
    expect(await check(certDir, 'node: another-node')).toContainEqual(
      expect.objectContaining({
        name: 'kubelet.conf',
        problem: expect.stringContaining('not system:node:another-node'),
      }),
    );
  });

  it('for prepare: cluster, folders, and the name of the node if its configuration has none', async () => {
    const folder = newFolder();
    const config = join(folder, 'config.yaml');
    const yaml = newest.configYaml ?? '';
    const nodeConfig = join(folder, 'cakeless.yaml');
    writeFileSync(
      nodeConfig,
      `cluster: prod\nnode: named-here\nkubeconfigDir: ${folder}/kubernetes\n`,
    );
    const plan = async (text: string) => {
      writeFileSync(config, text);
      const args = ['prepare', '--config', config, '--node-config', nodeConfig, '--dry-run'];
      const { exitCode, stdout, stderr } = await cakeless({}, ...args, '-o', 'json');
      expect([exitCode, stderr]).toEqual([0, '']);
      return JSON.parse(stdout).certificates.find(
        ({ name }: { name: string }) => name === 'kubelet.conf',
      );
    };
    expect(await plan(yaml)).toMatchObject({
      subject: expect.stringContaining('cp-1.prod.example.com'),
      state: 'would be requested',
    });
    const unnamed = yaml.replace(/^ *name: .*\n/m, '');
    expect(unnamed).not.toBe(yaml);
    expect(await plan(unnamed)).toMatchObject({
      subject: 'O=system:nodes, CN=system:node:named-here',
    });
    mkdirSync(join(folder, 'kubernetes'));
    writeFileSync(join(folder, 'kubernetes', 'kubelet.conf'), 'users: []');
    const blocked = await cakeless(
      {},
      ...['prepare', '--config', config, '--node-config', nodeConfig, '--dry-run'],
    );
    expect(blocked.stderr).toContain(join(folder, 'kubernetes', 'kubelet.conf'));
  });
});
