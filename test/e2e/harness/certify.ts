/**
 * Turns a folder with CSRs of kubeadm into one that kubeadm accepts in external-CA mode: submit, approve and fetch with
 * the command, then the manual steps of docs/kubeadm-page.md. The matrix does it this way. The nodes of the control plane
 * follow docs/first-installation.md instead (control-plane/prepare-node.ts).
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Received } from '../../../client/node/fetch/receive.ts';
import type { CakelessService } from './cakeless-service.ts';
import { readTrustBundles } from './trust-bundles.ts';

export interface NodePlace {
  readonly cluster: string;
  readonly trustDomain: string;
  readonly node: string;
}

const DONE = 0;
const PENDING = 4;

/** @returns names of the certificates, such as `admin.conf` @throws Error unless every request was issued */
export async function certify(
  service: CakelessService,
  place: NodePlace,
  csrFolder: string,
  request: string,
): Promise<string[]> {
  const node = `node:${place.cluster}/${place.node}`;
  const at = ['--cluster', place.cluster, '--node', place.node, '--request', request];
  const fetch = async (...more: string[]): Promise<Received[]> =>
    JSON.parse(
      await service.mustCakeless(
        node,
        ['fetch', ...at, '--out', csrFolder, '-o', 'json', ...more],
        [DONE, PENDING],
      ),
    );
  await service.mustCakeless(node, ['submit', csrFolder, ...at]);
  const waiting = (await fetch()).filter(({ outcome }) => outcome === 'pending');
  for (const { path } of waiting) {
    const key = `${place.cluster}/${place.node}/${request}/${path}.csr`;
    await service.approve(key, 'first installation');
  }
  const results = waiting.length === 0 ? await fetch() : await fetch('--wait', '1m');
  const without = results.filter(({ outcome }) => outcome !== 'issued');
  if (without.length > 0)
    throw new Error(without.map(({ path, outcome }) => `${path}: ${outcome}`).join(', '));
  return results.map(({ certificateName }) => certificateName ?? '').sort();
}

/** Writes the trust bundles, which every node may read, into its pki folder. */
export async function installTrust(
  service: CakelessService,
  { cluster, node, trustDomain }: NodePlace,
  pki: string,
): Promise<void> {
  const environment = service.environment(`node:${cluster}/${node}`);
  for (const { path, pem } of await readTrustBundles(environment, trustDomain)) {
    mkdirSync(dirname(join(pki, path)), { recursive: true });
    writeFileSync(join(pki, path), pem);
  }
}

/**
 * Adds CA and client certificate to the kubeconfigs of `generate-csr`, which leaves both out, and removes the CSRs.
 * @returns the names of the kubeconfigs
 */
export function completeKubeconfigs(kubernetesDir: string): string[] {
  const ca = readFileSync(join(kubernetesDir, 'pki', 'ca.crt'));
  const names = readdirSync(kubernetesDir).filter((name) => name.endsWith('.conf.crt'));
  for (const name of names) {
    const file = join(kubernetesDir, name);
    embed(file.slice(0, -'.crt'.length), ca, readFileSync(file));
    rmSync(file);
  }
  for (const file of readdirSync(kubernetesDir, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.csr')) rmSync(join(kubernetesDir, file));
  return names.map((name) => name.slice(0, -'.crt'.length));
}

/** @param key PEM; by default the key in the file stays, as after `generate-csr` */
export function embed(kubeconfig: string, ca: Buffer, certificate: Buffer, key?: Buffer): void {
  const document = parseDocument(readFileSync(kubeconfig, 'utf8'));
  const user = ['users', 0, 'user'];
  document.setIn(['clusters', 0, 'cluster', 'certificate-authority-data'], base64(ca));
  document.setIn([...user, 'client-certificate-data'], base64(certificate));
  if (key) document.setIn([...user, 'client-key-data'], base64(key));
  writeFileSync(kubeconfig, document.toString({ lineWidth: 0 }), { mode: 0o600 });
}

const base64 = (bytes: Buffer) => bytes.toString('base64');
