/** Options come before cakeless.yaml, and one folder has the same defaults for every command. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type NodeOptions,
  resolveSettings,
  whoIsThis,
} from '../../../../client/node/state/settings.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-settings-'));
afterAll(() => rmSync(root, { recursive: true }));

function settings(yaml: string, options: NodeOptions = {}) {
  const nodeConfig = join(root, 'cakeless.yaml');
  writeFileSync(nodeConfig, yaml);
  return resolveSettings({ nodeConfig, ...options });
}

const KUBEADMS = {
  certDir: '/etc/kubernetes/pki',
  kubeconfigDir: '/etc/kubernetes',
  kubeletDir: '/var/lib/kubelet/pki',
};
const copyAt = (kubeconfigDir: string, certDir = `${kubeconfigDir}/pki`) => ({
  certDir,
  kubeconfigDir,
  kubeletDir: undefined,
});

it.each<[string, string, NodeOptions, object]>([
  ["without any setting, kubeadm's folders", '', {}, KUBEADMS],
  [
    'with --kubeconfig-dir, pki inside it and no kubelet',
    '',
    { kubeconfigDir: '/x' },
    copyAt('/x'),
  ],
  ['with kubeconfigDir in the file, the same', 'kubeconfigDir: /x', {}, copyAt('/x')],
  ['with --cert-dir, only another certDir', '', { certDir: '/p' }, { ...KUBEADMS, certDir: '/p' }],
  [
    'with both, the options first',
    'kubeconfigDir: /x\ncertDir: /y',
    { certDir: '/z' },
    copyAt('/x', '/z'),
  ],
  [
    'with --kubelet-dir, that folder',
    'kubeconfigDir: /x',
    { kubeletDir: '/k' },
    { ...copyAt('/x'), kubeletDir: '/k' },
  ],
])('%s', (_, yaml, options, folders) => {
  const found = settings(yaml, options);
  expect(found.folders).toEqual(folders);
  expect(found.stateDir).toBe(join(found.folders.kubeconfigDir, 'cakeless'));
});

it('names the setting that is missing, and every invalid field', () => {
  expect(() => whoIsThis(settings('cluster: prod'))).toThrow('--node is missing');
  expect(() => whoIsThis(settings('node: cp-1'))).toThrow('--cluster is missing');
  expect(whoIsThis(settings('cluster: prod', { node: 'cp-1' }))).toEqual({
    cluster: 'prod',
    node: 'cp-1',
  });
  expect(() => settings('certDir: pki\nclusters: prod')).toThrow(
    /certDir.*must be an absolute path.*clusters/,
  );
});
