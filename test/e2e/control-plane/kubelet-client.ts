/** Whether kube-apiserver reloads apiserver-kubelet-client: it does not, which is why it is restarted. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { mustRun } from '../harness/program.ts';
import type { ControlPlane } from './cluster.ts';
import type { Forger } from './forger.ts';
import { startKubelet } from './kubelet.ts';

const LOGS = ['-n', 'default', 'logs', 'proof'];

/**
 * Installs another valid certificate with another key. The next call, on the open connection, still uses the old one. A
 * new connection may use either, which is only reported.
 */
export async function keepsOldClient(plane: ControlPlane, forger: Forger): Promise<string> {
  const node = plane.first;
  const stem = node.file('pki/apiserver-kubelet-client');
  const old = { crt: readFileSync(`${stem}.crt`), key: readFileSync(`${stem}.key`) };
  const kubelet = await startKubelet(plane);
  const serial = async (): Promise<string> => {
    await plane.kubectlAt(node, ...LOGS);
    return kubelet.callers.at(-1)?.serialNumber ?? '';
  };
  try {
    const before = await serial();
    const fresh = await newPair(plane, forger, kubelet.callers.at(-1)?.groups ?? []);
    for (const ending of ['key', 'crt'] as const) cpSync(fresh[ending], `${stem}.${ending}`);
    const live = await serial();
    if (live !== before) throw new Error(`it used ${before}, and now uses ${live}`);
    kubelet.closeConnections();
    // the API server may use the connection once more before it notices that it is closed
    const later = await until('a call on a new connection', serial);
    return `the old one on the live connection; ${later === before ? 'the old' : 'the new'} one on the next`;
  } finally {
    for (const ending of ['key', 'crt'] as const) writeFileSync(`${stem}.${ending}`, old[ending]);
    await kubelet.close();
  }
}

async function newPair(plane: ControlPlane, forger: Forger, groups: readonly string[]) {
  const [key, crt] = ['key', 'crt'].map((ending) =>
    join(plane.first.folder, `another-kubelet-client.${ending}`),
  ) as [string, string];
  await mustRun(['openssl', 'genpkey', '-algorithm', 'RSA', '-out', key]);
  const organizations = groups.map((group) => `/O=${group}`).join('');
  const forgery = {
    subject: `${organizations}/CN=kube-apiserver-kubelet-client`,
    keyFile: key,
    extensions: ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=clientAuth'],
  };
  writeFileSync(crt, await forger.make(plane.first.file('pki/ca.crt'), forgery));
  return { key, crt };
}
