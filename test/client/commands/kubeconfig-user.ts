/** A service and a user who requests kubeconfigs, for suites of `cakeless kubeconfig user`. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestCluster } from '../../../client/demo/clusters.ts';
import { readKubeconfig } from '../../../client/node/disk/kubeconfig.ts';
import { areAPair, readPrivateKey } from '../../../client/node/disk/private-key.ts';
import { cakeless } from '../../support/running-service-command.ts';
import { type ServiceProcess, startServiceProcess } from '../../support/running-service-process.ts';

export const { name: CLUSTER, config } = newestCluster;
export const folder = mkdtempSync(join(tmpdir(), 'cakeless-users-'));
/** A new folder for each test. */
export let state: string;
export const SERVER = 'https://api.prod.example.com:6443';
export let service: ServiceProcess;

export const admin = (...args: string[]) => cakeless(service.environment, ...args);
export const approver = (...args: string[]) => cakeless(service.as('approver'), ...args);
export const user = (...args: string[]) => {
  const command = ['kubeconfig', 'user', '--cluster', CLUSTER, '--server', SERVER];
  return cakeless(
    service.as(`user-requester:${CLUSTER}`),
    ...command,
    '--state-dir',
    state,
    ...args,
  );
};

export async function setRule(users: object | undefined) {
  const { stdout } = await admin('cluster', 'show', CLUSTER, '-o', 'json');
  const file = join(folder, 'record.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(stdout), users }));
  expect((await admin('cluster', 'apply', CLUSTER, '-f', file)).exitCode).toBe(0);
}

export function open(yaml: string) {
  const { server, userName, certificate, privateKey, certificateAuthority } = readKubeconfig(
    yaml,
    folder,
  );
  const pem = (material: typeof certificate) => (material && 'pem' in material ? material.pem : '');
  const leaf = new X509Certificate(pem(certificate));
  const key = readPrivateKey(pem(privateKey));
  if (!key) throw new Error('no key');
  const ca = new X509Certificate(pem(certificateAuthority));
  return { server, userName, leaf, isPair: areAPair(key, leaf.publicKey), ca };
}

beforeAll(async () => {
  service = await startServiceProcess(folder);
  expect((await admin('trust-domain', 'create', 'fleet')).exitCode).toBe(0);
  const source = ['--kubeadm-config', config, '--trust-domain', 'fleet'];
  expect((await admin('cluster', 'apply', CLUSTER, ...source)).exitCode).toBe(0);
}, 60_000);

beforeEach(() => {
  state = mkdtempSync(join(folder, 'state-'));
});

afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true });
});

export const kept = () => {
  try {
    return readdirSync(join(state, CLUSTER));
  } catch {
    return [];
  }
};
