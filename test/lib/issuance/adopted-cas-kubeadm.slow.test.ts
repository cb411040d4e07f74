/**
 * Real kubeadm takes the certificates of adopted CAs, on a node as it is after the adoption: with the CA files as they were,
 * and the CA keys not removed yet. (Without keys it would look for kubeconfigs in /etc/kubernetes, too.)
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ADOPTABLE_CAS } from '../../../lib/ca/trust-domain-request.ts';
import { BUNDLE_PATHS } from '../../../lib/contract/trust-domain.ts';
import { adoptedSets, readAdoptedSet } from '../../support/adopted-cas.ts';
import { issueAll, type Leaf, requests } from '../../support/adopted-leaves.ts';
import { keyFile } from '../../support/kubeadm-sets.ts';
import { runKubeadm, whyNoKubeadm } from '../../support/real-kubeadm.ts';

/** kubeadm has the clock of this machine. */
const NOW = new Date();
const VERSIONS = ['1.35.4', '1.37.2'];
const missing = VERSIONS.map((version) => whyNoKubeadm(version)).find((why) => why !== undefined);
const root = mkdtempSync(join(tmpdir(), 'cakeless-adopted-kubeadm-'));
afterAll(() => rmSync(root, { recursive: true }));

/** @returns kubeadm's configuration of a node with these files */
function nodeOf(set: string, leaves: readonly Leaf[], version: string): string {
  const folder = mkdtempSync(join(root, 'node-'));
  const pki = join(folder, 'pki');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(pki, path)), { recursive: true });
    writeFileSync(join(pki, path), text);
  };
  const existing = readAdoptedSet(set);
  for (const ca of ADOPTABLE_CAS) {
    write(BUNDLE_PATHS[ca], existing[ca].certificate);
    write(BUNDLE_PATHS[ca].replace(/crt$/, 'key'), existing[ca].privateKey);
  }
  for (const csr of requests.csrs.filter(({ path }) => path.startsWith('pki/'))) {
    const path = csr.path.replace(/^pki\/(.*)\.csr$/, '$1');
    write(`${path}.crt`, leaves.find(({ name }) => name === csr.certificateName)?.pem ?? '');
    copyFileSync(keyFile(requests, csr) ?? '', join(pki, `${path}.key`));
  }
  const config = join(folder, 'config.yaml');
  const text = (requests.configYaml ?? '')
    .replace(/^(kind: ClusterConfiguration)$/m, `$1\ncertificatesDir: ${pki}`)
    .replace(/^kubernetesVersion: .*$/m, `kubernetesVersion: v${version}`);
  writeFileSync(config, text);
  return config;
}

describe.each(VERSIONS)('kubeadm %s', (version) => {
  const declare = missing === undefined ? it.each(adoptedSets()) : it.skip.each(adoptedSets());
  declare('takes the certificates of the CAs of %s as they are', async (set) => {
    const config = nodeOf(set, await issueAll(set, NOW), version);
    const { status, stdout, stderr } = runKubeadm(
      version,
      ...['init', 'phase', 'certs', 'all', '--config', config],
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('error') });
    expect(stdout).not.toMatch(/Generating "(?!sa)/);
    for (const name of ['apiserver', 'front-proxy-client', 'etcd/peer', 'apiserver-etcd-client'])
      expect(stdout).toContain(`Using existing ${name} certificate`);
  });

  declare('refuses certificates that the CAs of %s did not sign', async (set) => {
    const [other = ''] = adoptedSets().filter((name) => name !== set);
    const config = nodeOf(set, await issueAll(other, NOW), version);
    const { stderr } = runKubeadm(version, 'init', 'phase', 'certs', 'all', '--config', config);
    expect(stderr).toMatch(/certificate .* not signed by CA certificate ca/);
  });
});
