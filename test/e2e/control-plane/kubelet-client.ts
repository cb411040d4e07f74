/** Whether kube-apiserver takes a new apiserver-kubelet-client by itself: the reason for restarting it. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { mustRun } from '../harness/program.ts';
import type { ControlPlane } from './cluster.ts';
import type { Forger } from './forger.ts';
import { startKubelet } from './kubelet.ts';

const LOGS = ['-n', 'default', 'logs', 'proof'];

/**
 * Another right certificate for another key is put in place; the next call, on the connection that is there, still has
 * the old one. A new connection may have either, and that is only told.
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
    if (live !== before) throw new Error(`it had ${before}, and now has ${live}`);
    kubelet.closeConnections();
    // the API server may use the connection once more before it learns that it is closed
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
  const wish = {
    subject: `${organizations}/CN=kube-apiserver-kubelet-client`,
    keyFile: key,
    extensions: ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=clientAuth'],
  };
  writeFileSync(crt, await forger.make(plane.first.file('pki/ca.crt'), wish));
  return { key, crt };
}
