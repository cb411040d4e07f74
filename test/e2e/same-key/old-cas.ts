/** `kubeadm init` finds CAs that kubeadm 1.18 or earlier made years ago, as after many upgrades. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readAdoptedSet } from '../../support/adopted-cas.ts';
import { caFile, keyFile } from '../adoption/pki.ts';
import { CA_NAMES } from '../adoption/plan.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { OLD_SET } from './plan.ts';

/** @throws Error unless they are what the check says */
export function bringOldCas(node: KubeadmNode): string {
  const set = readAdoptedSet(OLD_SET);
  mkdirSync(node.file('pki/etcd'), { recursive: true });
  for (const ca of CA_NAMES) {
    const { certificate, x509, privateKey } = set[ca];
    if (!/^0+$/.test(x509.serialNumber)) throw new Error(`${ca}: serial ${x509.serialNumber}`);
    writeFileSync(node.file(caFile(ca)), certificate);
    writeFileSync(node.file(keyFile(ca)), privateKey, { mode: 0o600 });
  }
  return CA_NAMES.map((ca) => `${ca} until ${set[ca].x509.validTo}`).join(', ');
}
