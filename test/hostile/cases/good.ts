/** The parts of a valid request of the cluster in `setting.ts`; each case changes one part. */
import type { ViolationCode } from '../../../lib/refusal/violation.ts';
import * as csr from '../../support/csr-builder.ts';
import { testKey } from '../../support/csr-builder-keys.ts';

/** One file: where it is uploaded, the codes of its violations (empty: it is accepted), and its bytes. */
export interface HostileCase {
  readonly at: string;
  readonly codes: readonly ViolationCode[];
  readonly bytes: Uint8Array | string;
}

export type HostileCases = Record<string, HostileCase>;

export const APISERVER = 'pki/apiserver.csr';
export const KUBELET = 'kubelet.conf.csr';

export const goodNames = [
  csr.dns('api.prod.example.com'),
  csr.dns('cp-1.prod.example.com'),
  csr.dns('kubernetes'),
  csr.dns('kubernetes.default'),
  csr.dns('kubernetes.default.svc'),
  csr.dns('kubernetes.default.svc.cluster.local'),
  csr.ip(10, 96, 0, 1),
  csr.ip(10, 20, 0, 11),
  csr.dns('*.apps.prod.example.com'),
];

/** The request for the API server's certificate, with some parts changed. */
export const apiserver = (parts: Partial<csr.CsrParts> = {}): Uint8Array =>
  csr.buildCsr({
    key: testKey('rsa-2048'),
    subject: csr.name([csr.CN, 'kube-apiserver']),
    attributes: csr.withNames(...goodNames),
    ...parts,
  });

/** The same with one more name. */
export const withName = (...more: Uint8Array[]) =>
  apiserver({ attributes: csr.withNames(...goodNames, ...more) });

/** The request for the kubelet's certificate, with some parts changed. */
export const kubelet = (parts: Partial<csr.CsrParts> = {}): Uint8Array =>
  csr.buildCsr({
    key: testKey('rsa-2048'),
    subject: csr.name([csr.O, 'system:nodes'], [csr.CN, 'system:node:cp-1.prod.example.com']),
    ...parts,
  });

export const client = (commonName: string, ...organizations: (string | Uint8Array)[]) =>
  kubelet({
    subject: csr.name(...organizations.map((o) => [csr.O, o] as const), [csr.CN, commonName]),
  });

export const refusedAs =
  (at: string) =>
  (codes: ViolationCode | ViolationCode[], bytes: Uint8Array | string): HostileCase => ({
    at,
    codes: [codes].flat(),
    bytes,
  });
