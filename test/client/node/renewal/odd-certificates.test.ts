/** One odd certificate in place is left out and named, or requested as kubeadm would; the others are requested. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe as describeReport, exitCodeOf } from '../../../../client/commands/renew.ts';
import { readKubeadmConfig } from '../../../../client/kubeadm/kubeadm-config.ts';
import { makeCsrs } from '../../../../client/node/csr/make-csrs.ts';
import { formatName } from '../../../../lib/csr/alternative-names.ts';
import { readRequest } from '../../../../lib/csr/read-request.ts';
import type { CertificateName } from '../../../../lib/profiles/certificate-names.ts';
import { LEAVES, type LeafOptions } from '../../../support/openssl-node.ts';
import { cakeless } from '../../../support/running-service-command.ts';
import { apiserverNames, foldersOf, nodeWith, renewAll, root, whole } from './odd-certificates.ts';

const odd: [string, Partial<LeafOptions> & { path: string }, string, RegExp][] = [
  [
    'a subject with more than O and CN, as cfssl writes it',
    { path: 'pki/apiserver', subject: '/C=DE/OU=System/CN=kube-apiserver' },
    'apiserver',
    /a CSR cannot request the same contents: subject is .*; cakeless renew apiserver --config FILE/,
  ],
  [
    'the certificate of another node',
    { path: 'pki/etcd/peer', names: 'DNS:cp-2,DNS:localhost,IP:10.20.0.12,IP:127.0.0.1' },
    'etcd-peer',
    /not the etcd-peer certificate of this node: it does not contain the name of this node, cp-1/,
  ],
  [
    'the certificate of another client',
    { path: 'kubelet.conf', subject: '/O=system:nodes/CN=system:node:cp-2' },
    'kubelet.conf',
    /its common name is system:node:cp-2, not system:node:cp-1/,
  ],
];

it.each(odd)(
  '%s is left out with its reason, and the exit code is 2',
  async (_, change, name, reason) => {
    const folder = nodeWith(change);
    const { report, requested, text } = await renewAll(folder);
    expect(requested).toHaveLength(LEAVES.length - 1);
    expect(text).toMatch(reason);
    expect([exitCodeOf(report), report.certificates.find((one) => one.name === name)]).toEqual([
      2,
      expect.objectContaining({ outcome: 'skipped', isError: true }),
    ]);
    const source = {
      names: ['all'],
      folders: foldersOf(folder),
      config: undefined,
      now: new Date(),
    };
    const { csrs, skipped } = await makeCsrs(
      join(folder, 'out'),
      { ...source, node: 'cp-1' },
      false,
    );
    expect([csrs.length, skipped.map((one) => one.name)]).toEqual([LEAVES.length - 1, [name]]);
  },
);

it('a CA instead of a certificate is left out', async () => {
  const folder = nodeWith({ path: 'pki/apiserver' });
  for (const end of ['crt', 'key'])
    cpSync(join(folder, `pki/ca.${end}`), join(folder, `pki/apiserver.${end}`));
  const { requested, text } = await renewAll(folder);
  expect(requested).toHaveLength(LEAVES.length - 1);
  expect(text).toMatch(/apiserver\.crt: not the apiserver certificate of this node: it is a CA/);
});

describe('with a kubeadm configuration', () => {
  const yaml = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
networking: { serviceSubnet: 10.96.0.0/12 }
apiServer: { certSANs: [vip2.example.com] }
`;
  const config = readKubeadmConfig(yaml, 'FILE', {
    defaultNode: 'cp-1',
    advertiseAddress: '10.20.0.11',
  });

  it.each([
    ['the certificate has other names', {}],
    ['the certificate is that of another node', { names: 'DNS:cp-2' }],
    [
      'the certificate has a subject that kubeadm does not write',
      { subject: '/OU=x/CN=kube-apiserver' },
    ],
  ])('its names are requested if %s', async (_, change) => {
    const folder = nodeWith({ path: 'pki/apiserver', ...change });
    const { requested } = await renewAll(folder, { config });
    expect(requested).toHaveLength(LEAVES.length);
    const csr = readFileSync(join(folder, 'cakeless/requests/r/pki/apiserver.csr'));
    const { subject, names = [] } = readRequest(csr).request ?? {};
    expect(subject).toEqual({ commonName: 'kube-apiserver', organizations: [] });
    expect(names.map(formatName).sort()).toEqual(
      [...apiserverNames.split(','), 'DNS:vip2.example.com'].sort(),
    );
  });

  it('of another node is refused', async () => {
    const file = join(root, 'other.yaml');
    const init =
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration: { name: cp-2 }\nlocalAPIEndpoint: { advertiseAddress: 10.20.0.12 }\n';
    writeFileSync(file, `${yaml}---\n${init}`);
    const place = ['--cluster', 'prod', '--kubeconfig-dir', whole.folder];
    const nodeConfig = join(root, 'cakeless.yaml');
    writeFileSync(nodeConfig, 'node: cp-1\n');
    const args = ['renew', 'apiserver', '--config', file, '--node-config', nodeConfig, ...place];
    const run = await cakeless({}, ...args);
    expect([run.exitCode, run.stderr]).toEqual([
      2,
      expect.stringContaining(`${file}: is for node cp-2, but this node is cp-1`),
    ]);
  });
});

it.each(['san-missing', 'san-not-allowed'])(
  'a rejection with %s says how this node gets other names',
  (code) => {
    const violation = { code, field: 'f', got: 'g', allowed: 'a', fix: 'x' };
    const certificates = ['apiserver', 'etcd-peer'].map((name) => ({
      name: name as CertificateName,
      outcome: 'rejected' as const,
      violations: [violation],
    }));
    const report = { cluster: 'prod', node: 'cp-1', restarts: [], caDifferences: [], notes: [] };
    const hint =
      /cakeless renew apiserver etcd-peer --config FILE; or cakeless csr apiserver etcd-peer --config/;
    expect(describeReport({ ...report, certificates }).join('\n')).toMatch(hint);
    expect(describeReport({ ...report, certificates }, true).join('\n')).not.toMatch(hint);
  },
);
