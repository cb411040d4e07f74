/** CertificateSigningRequests of the certificates API, as kubelets (client-go) and users create them. */
import { type CsrObject, formatCsrObject } from '../../lib/certificates-api/csr-object.ts';
import { parseIpAddress } from '../../lib/ip-address.ts';
import * as csr from './csr-builder.ts';
import { testKey } from './csr-builder-keys.ts';

export const UID = '6f1c0c52-77d4-4d0e-9a35-2f6b6f0f3c11';
export const BOOTSTRAPPER = {
  username: 'system:bootstrap:abcdef',
  groups: [
    'system:bootstrappers',
    'system:bootstrappers:kubeadm:default-node-token',
    'system:authenticated',
  ],
};

export interface ApiCsr {
  readonly cn: string;
  readonly o?: readonly string[];
  /** DNS names and IP addresses. */
  readonly names?: readonly string[];
  readonly key?: string;
  readonly uid?: string;
  readonly spec?: Partial<CsrObject['spec']>;
  readonly status?: CsrObject['status'];
}

/** GeneralNames of a list of texts. */
function general(text: string): Uint8Array {
  const octets = parseIpAddress(text);
  return octets ? csr.ip(...octets) : csr.dns(text);
}

/** The PKCS#10 request as PEM. */
export function pemOf({ cn, o = ['system:nodes'], names = [], key = 'p-256' }: ApiCsr): string {
  // Go's pkix.Name puts all O into one RDN, before the CN
  const organization = csr.rdn(...o.map((one) => csr.attribute(csr.O, csr.printable(one))));
  const commonName = csr.rdn(csr.attribute(csr.CN, csr.printable(cn)));
  const subject = csr.rdnSequence(...(o.length > 0 ? [organization] : []), commonName);
  return csr.toPem(
    csr.buildCsr({
      key: testKey(key),
      subject,
      ...(names.length > 0 && { attributes: csr.withNames(...names.map(general)) }),
    }),
  );
}

const APPROVED: CsrObject['status'] = {
  conditions: [{ type: 'Approved', status: 'True', reason: 'AutoApproved', message: 'ok' }],
};

function objectOf(
  asked: ApiCsr,
  signerName: string,
  usages: readonly string[],
  status: CsrObject['status'],
): CsrObject {
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: {
      name: 'csr-7x9q2',
      uid: asked.uid ?? UID,
      creationTimestamp: '2026-11-24T11:59:58Z',
    },
    spec: {
      request: Buffer.from(pemOf(asked)).toString('base64'),
      signerName: `kubernetes.io/${signerName}`,
      usages: [...usages],
      username: asked.cn,
      groups: ['system:nodes', 'system:authenticated'],
      ...asked.spec,
    },
    status: asked.status ?? status,
  };
}

export const clientCsr = (asked: ApiCsr): CsrObject =>
  objectOf(asked, 'kube-apiserver-client-kubelet', ['digital signature', 'client auth'], APPROVED);

export const servingCsr = (asked: ApiCsr): CsrObject =>
  objectOf(asked, 'kubelet-serving', ['digital signature', 'server auth'], {});

export const userCsr = (asked: ApiCsr): CsrObject =>
  objectOf(
    { o: [], ...asked, spec: { groups: ['system:authenticated'], ...asked.spec } },
    'kube-apiserver-client',
    ['client auth'],
    APPROVED,
  );

const FILES: Readonly<Record<string, string>> = {
  'kubernetes.io/kube-apiserver-client-kubelet': 'kubelet-client.json',
  'kubernetes.io/kubelet-serving': 'kubelet-serving.json',
  'kubernetes.io/kube-apiserver-client': 'user.json',
};

/** Its key, as a forwarder uploads it. @param place `csr`, or the node's own name */
export const keyOf = (object: CsrObject, place = 'csr', attempt = 1): string =>
  `requests/prod/${place}/${object.metadata.uid}${attempt === 1 ? '' : `.${attempt}`}/${FILES[object.spec.signerName]}`;

export const bytesOf = (object: CsrObject): Buffer => Buffer.from(formatCsrObject(object));
