/** The cluster that every hostile file is uploaded to, and what CSR reader and policy say about it. */

import { type ClusterRecord, parseClusterRecord } from '../../lib/cluster/record.ts';
import { certificateNameOf } from '../../lib/contract/kubeadm-paths.ts';
import { parseRequestKey } from '../../lib/contract/request-key.ts';
import { findForbidden } from '../../lib/csr/forbidden-upload.ts';
import { readRequest } from '../../lib/csr/read-request.ts';
import { judgeNodeRequest } from '../../lib/policy/judge-node.ts';
import type { Violation } from '../../lib/refusal/violation.ts';
import { DEFAULT_RULE } from '../../lib/trust-domain-rules.ts';

const result = parseClusterRecord({
  cluster: 'prod',
  trustDomain: 'prod',
  kubernetesVersion: 'v1.37.2',
  controlPlaneEndpoint: 'api.prod.example.com:6443',
  apiServer: { certSANs: ['*.apps.prod.example.com'] },
  nodes: [
    { name: 'cp-1.prod.example.com', addresses: ['10.20.0.11'], role: 'control-plane' },
    { name: 'cp-2.prod.example.com', addresses: ['10.20.0.12'], role: 'control-plane' },
    { name: 'worker-1.prod.example.com', addresses: ['10.20.0.21'], role: 'worker' },
  ],
});
if (!result.record) throw new Error(result.problems.join('; '));

export const record: ClusterRecord = result.record;

/** All violations of an object that cp-1 uploads at a path. */
export function judgeUpload(path: string, body: Uint8Array): readonly Violation[] {
  const forbidden = findForbidden({
    body,
    size: body.length,
    tooLarge: false,
    eTag: undefined,
    versionId: undefined,
    metadata: {},
  });
  if (forbidden) return [forbidden];
  const address = parseRequestKey(`requests/prod/cp-1.prod.example.com/r1/${path}`);
  const certificateName = certificateNameOf(path);
  if (!address || !certificateName) throw new Error(`${path} is not the path of a request`);
  const { maxValiditySeconds } = DEFAULT_RULE;
  const context = { address, certificateName, record, uploader: undefined, maxValiditySeconds };
  return judgeNodeRequest(readRequest(body), context).violations;
}
