/** Uploads that must not succeed: those that IAM denies, and those that are rejected, with the expected codes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { legacyCluster, newestCluster, PRIVATE_KEY_FILE } from './clusters.ts';
import type { Expected } from './expectations.ts';

export interface HostileUpload {
  /** Below the request id. */
  readonly path: string;
  readonly what: string;
  readonly bytes: Uint8Array;
  /** Of the rejection; missing if the upload itself is denied. */
  readonly codes?: Expected['codes'];
}

export function hostileUploads(): HostileUpload[] {
  return [
    {
      path: 'admin.conf.csr',
      what: 'an admin.conf with O=system:masters, as kubeadm 1.22 requests it',
      bytes: readFileSync(join(legacyCluster.csrs, 'admin.conf.csr')),
      codes: ['subject-organization'],
    },
    {
      path: 'kubelet.conf.csr',
      what: "the scheduler's CSR at the path of the kubelet's",
      bytes: readFileSync(join(newestCluster.csrs, 'scheduler.conf.csr')),
      codes: ['subject-common-name', 'subject-organization'],
    },
    {
      path: 'pki/etcd/server.csr',
      what: "the API server's CSR at the path of etcd's",
      bytes: readFileSync(join(newestCluster.csrs, 'pki', 'apiserver.csr')),
      codes: ['san-missing', 'san-not-allowed', 'subject-common-name'],
    },
    {
      path: 'pki/apiserver.csr',
      what: 'a CSR with an invalid signature',
      bytes: withBrokenSignature(
        readFileSync(join(newestCluster.csrs, 'pki', 'apiserver.csr'), 'latin1'),
      ),
      codes: ['signature-invalid'],
    },
    {
      path: 'pki/front-proxy-client.csr',
      what: 'a private key in a file that is named like a CSR',
      bytes: readFileSync(PRIVATE_KEY_FILE),
      codes: ['private-key'],
    },
    {
      path: 'pki/apiserver.key',
      what: 'a private key, uploaded by mistake',
      bytes: readFileSync(PRIVATE_KEY_FILE),
    },
  ];
}

/** The same CSR in DER, with one bit of its signature flipped. */
function withBrokenSignature(pem: string): Uint8Array {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  const last = der.length - 1;
  der[last] = (der[last] ?? 0) ^ 1;
  return der;
}
