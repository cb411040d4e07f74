/**
 * Renewal up to 1.22: `kubeadm certs renew all --csr-only` copies subjects and names from the installed certificates, and
 * writes all files into one folder, under the names of the certificates.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { PROFILES } from '../../../lib/profiles/profiles.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { certify, embed, type NodePlace } from '../harness/certify.ts';
import type { Check } from '../harness/report.ts';
import type { KubeadmRoot } from './kubeadm-root.ts';

export async function renewWithCsrOnly(
  check: Check,
  service: CakelessService,
  root: KubeadmRoot,
  place: NodePlace,
): Promise<void> {
  const out = `${root.folder}/renewal`;
  mkdirSync(out);
  await check('asked', async () => {
    await root.kubeadm('certs', 'renew', 'all', '--csr-only', '--csr-dir', '/renewal');
    return 'certs renew all --csr-only';
  });
  await check('signed', async () => {
    const before = JSON.stringify(root.digests());
    const names = await certify(service, place, out, 'renewal');
    for (const name of names) install(root, out, name);
    if (JSON.stringify(root.digests()) === before) throw new Error('nothing was renewed');
    return `${names.length} certificates`;
  });
}

/** Overwrites the old pair, or puts certificate and key into the kubeconfig. */
function install(root: KubeadmRoot, out: string, name: string): void {
  const profile = PROFILES.find((candidate) => candidate.name === name);
  const [crt, key] = [`${out}/${name}.crt`, `${out}/${name}.key`];
  if (profile?.baseName === undefined) {
    const ca = readFileSync(root.file('pki/ca.crt'));
    embed(root.file(name), ca, readFileSync(crt), readFileSync(key));
    return;
  }
  copyFileSync(key, root.file(`pki/${profile.baseName}.key`));
  copyFileSync(crt, root.file(`pki/${profile.baseName}.crt`));
}
