/** The kubelet's certificate store: dated files, and a link to the newest. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KUBELET_PEM, placeOf } from '../../client/node/disk/places.ts';
import { type CertificateInPlace, readPlace } from '../../client/node/disk/read-place.ts';

/** @returns the path of the link */
export function writeKubeletStore(folder: string, pem: string): string {
  mkdirSync(folder, { recursive: true });
  const dated = join(folder, 'kubelet-client-2026-01-01-00-00-00.pem');
  writeFileSync(dated, pem, { mode: 0o600 });
  const current = join(folder, KUBELET_PEM);
  symlinkSync(dated, current);
  return current;
}

/** kubelet.conf of a node's folder, and a PEM text with its certificate and key. */
export function readKubeletConf(folder: string): { place: CertificateInPlace; pem: string } {
  const place = readPlace(
    placeOf('kubelet.conf', { kubeconfigDir: folder, certDir: join(folder, 'pki') }),
  );
  if (place.state !== 'present' || !place.privateKey) throw new Error('no kubelet.conf');
  const type = place.privateKey.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1';
  const key = place.privateKey.export({ type, format: 'pem' });
  return { place, pem: `${place.chain.join('\n')}\n${key}` };
}
