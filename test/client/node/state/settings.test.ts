/** Where the files of a node are: one order of precedence for every command. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KUBEADM_FOLDERS } from '../../../../client/node/disk/kubeadm-folders.ts';
import {
  type NodeOptions,
  resolveSettings,
  whoIsThis,
} from '../../../../client/node/state/settings.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-settings-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A node's configuration file; without lines it says nothing. */
function fileOf(...lines: string[]): string {
  const file = join(root, 'cakeless.yaml');
  writeFileSync(file, lines.join('\n'));
  return file;
}

const [CERT_DIR, KUBECONFIG_DIR] = ['certDir: /file/pki', 'kubeconfigDir: /file/kubernetes'];

it.each<[string, NodeOptions, string[], string | undefined, [string, string]]>([
  ["nothing but kubeadm's folders", {}, [], undefined, ['/etc/kubernetes/pki', '/etc/kubernetes']],
  ['--kubeconfig-dir', { kubeconfigDir: '/x' }, [], undefined, ['/x/pki', '/x']],
  ['--cert-dir', { certDir: '/x' }, [], undefined, ['/x', '/etc/kubernetes']],
  [
    'kubeconfigDir in the file',
    {},
    [KUBECONFIG_DIR],
    undefined,
    ['/file/kubernetes/pki', '/file/kubernetes'],
  ],
  [
    'both in the file',
    {},
    [CERT_DIR, KUBECONFIG_DIR],
    undefined,
    ['/file/pki', '/file/kubernetes'],
  ],
  [
    '--kubeconfig-dir, whatever the file says',
    { kubeconfigDir: '/x' },
    [CERT_DIR, KUBECONFIG_DIR],
    undefined,
    ['/x/pki', '/x'],
  ],
  [
    "kubeadm's certificatesDir before the file",
    {},
    [CERT_DIR],
    '/kubeadm/pki',
    ['/kubeadm/pki', '/etc/kubernetes'],
  ],
  [
    "--kubeconfig-dir, whatever kubeadm's configuration says",
    { kubeconfigDir: '/x' },
    [],
    '/etc/kubernetes/pki',
    ['/x/pki', '/x'],
  ],
  [
    '--cert-dir before everything',
    { kubeconfigDir: '/x', certDir: '/y' },
    [CERT_DIR],
    '/kubeadm/pki',
    ['/y', '/x'],
  ],
])('folders follow %s', (_, options, lines, certificatesDir, [certDir, kubeconfigDir]) => {
  const nodeConfig = fileOf(...lines);
  const { folders } = resolveSettings({ ...options, nodeConfig }, { certDir: certificatesDir });
  expect(folders).toMatchObject({ certDir, kubeconfigDir });
});

it("this machine's kubelet is considered only if the kubeconfigs are in /etc/kubernetes", () => {
  const kubeletDirOf = (options: NodeOptions) =>
    resolveSettings({ ...options, nodeConfig: fileOf() }).folders.kubeletDir;
  expect(kubeletDirOf({})).toBe('/var/lib/kubelet/pki');
  expect(kubeletDirOf({ kubeconfigDir: '/x' })).toBeUndefined();
  expect(kubeletDirOf({ kubeconfigDir: '/x', kubeletDir: '/y' })).toBe('/y');
});

it('with --kubeconfig-dir, the file names no other files of the node', () => {
  const lines = ['kubeletDir: /file/kubelet', 'also: [/file/config]'];
  const settingsOf = (options: NodeOptions) => {
    const { folders, also } = resolveSettings({ ...options, nodeConfig: fileOf(...lines) });
    return [folders.kubeletDir, also];
  };
  expect(settingsOf({})).toEqual(['/file/kubelet', ['/file/config']]);
  expect(settingsOf({ kubeconfigDir: '/x' })).toEqual([undefined, []]);
  const given = { kubeconfigDir: '/x', kubeletDir: '/y', also: ['/z'] };
  expect(settingsOf(given)).toEqual(['/y', ['/z']]);
});

it('the example of the packages names the defaults in its comments, and is valid with them', () => {
  const example = readFileSync('release/examples/cakeless.yaml', 'utf8');
  const all = fileOf(example.replaceAll(/^# (?=\w+: [[/])/gm, ''));
  const { config } = resolveSettings({ nodeConfig: all });
  expect(config).toEqual({
    ...resolveSettings({ nodeConfig: fileOf(example) }).config,
    ...KUBEADM_FOLDERS,
    also: ['/root/.kube/config'],
  });
});

it('names the settings that are missing, and every invalid field', () => {
  const settings = (...lines: string[]) => resolveSettings({ nodeConfig: fileOf(...lines) });
  expect(() => whoIsThis(settings('cluster: prod'))).toThrow('--node is missing');
  expect(() => whoIsThis(settings('node: cp-1'))).toThrow('--cluster is missing');
  expect(() => whoIsThis(settings())).toThrow('--cluster and --node are missing');
  expect(whoIsThis(settings('cluster: prod', 'node: cp-1'))).toEqual({
    cluster: 'prod',
    node: 'cp-1',
  });
  expect(() => settings('certDir: pki', 'clusters: prod')).toThrow(
    /certDir.*must be an absolute path.*clusters/,
  );
});
