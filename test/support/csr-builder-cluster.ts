/** A cluster record for tests of policy, and requests that it allows. */

import { createPublicKey } from 'node:crypto';
import { type ClusterRecord, parseClusterRecord } from '../../lib/cluster/record.ts';
import type { ClusterRecordDocument } from '../../lib/contract/cluster-record.ts';
import type { AlternativeName } from '../../lib/csr/alternative-names.ts';
import type { CertifiableKey, KeyKind } from '../../lib/csr/public-key.ts';
import type { CheckedRequest } from '../../lib/csr/read-request.ts';
import { testKey } from './csr-builder-keys.ts';

export const recordDocument: ClusterRecordDocument = {
  cluster: 'prod',
  trustDomain: 'prod',
  kubernetesVersion: 'v1.37.2',
  nodes: [
    { name: 'cp-1', addresses: ['10.20.0.11', '10.20.1.11'], role: 'control-plane' },
    { name: 'worker-1', addresses: ['10.20.0.21'], role: 'worker' },
  ],
};

/** The record with changed fields. @throws Error if they are not valid */
export function clusterRecord(changes: Partial<ClusterRecordDocument> = {}): ClusterRecord {
  const { record, problems } = parseClusterRecord({ ...recordDocument, ...changes });
  if (!record) throw new Error(problems.join('; '));
  return record;
}

/** `10.20.0.11` and `fd00::1` as addresses, the rest as DNS names. */
export const namesOf = (...texts: string[]): AlternativeName[] =>
  texts.map((value) => ({ type: /^[0-9.]+$|:/.test(value) ? 'IP' : 'DNS', value }));

export function certifiableKey(kind: KeyKind = 'ECDSA-P256'): CertifiableKey {
  const { spki } = testKey('p-256');
  const keyObject = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return { kind, algorithm: 'EC', spki, subjectPublicKey: spki.subarray(-65), keyObject };
}

export interface CsrFields {
  readonly cn: string;
  readonly o?: readonly string[];
  readonly names?: readonly string[];
  readonly kind?: KeyKind;
}

export const checkedRequest = ({ cn, o = [], names = [], kind }: CsrFields): CheckedRequest => ({
  subject: { commonName: cn, organizations: o },
  names: namesOf(...names),
  key: certifiableKey(kind),
});

export const apiserverCsr: CsrFields = {
  cn: 'kube-apiserver',
  names: [
    '10.96.0.1',
    'cp-1',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    '10.20.0.11',
  ],
};
export const kubeletCsr: CsrFields = { cn: 'system:node:cp-1', o: ['system:nodes'] };
