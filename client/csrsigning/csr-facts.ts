/** What the forwarder remembers of a CertificateSigningRequest: little, because a cluster may have thousands of them. */
import { type ApiSigner, signerOf } from '../../lib/certificates-api/signers.ts';
import { readRequest } from '../../lib/csr/read-request.ts';
import { isSubdomain, nodeOfUser } from '../../lib/names.ts';

/** A CertificateSigningRequest as far as the forwarder reads it; the API server has checked its form. */
export interface ApiCsr {
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly creationTimestamp?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly request?: string;
    readonly signerName?: string;
    readonly username?: string;
    readonly groups?: readonly string[];
    readonly expirationSeconds?: number;
  };
  readonly status?: {
    readonly certificate?: string;
    readonly conditions?: readonly ApiCondition[];
  };
}

export interface ApiCondition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

type OverState = 'denied' | 'failed' | 'issued';
export type CsrState = 'pending' | 'approved' | OverState;

/** Whether nothing can follow: these conditions, and a certificate, are never taken back. */
export const isOver = (state: CsrState): state is OverState =>
  state !== 'pending' && state !== 'approved';

export interface CsrFacts {
  readonly uid: string;
  readonly name: string;
  readonly signer: ApiSigner;
  /** undefined if the CSR cannot be read; the service then says why. */
  readonly commonName: string | undefined;
  /** The node that a kubelet's common name names, if a node can have this name. */
  readonly nodeName: string | undefined;
  /** Who created the CSR, by the API server. */
  readonly username: string;
  /** Whether that is the node itself, with a certificate that it already has. */
  readonly isByNode: boolean;
  readonly createdMs: number;
  readonly state: CsrState;
}

/** kubelets' CSRs: of these only the newest matters (decide.ts). */
export const isForKubelet = ({ certificateName }: Pick<ApiSigner, 'certificateName'>): boolean =>
  certificateName !== 'user';

/** @returns undefined if the object is not a CSR of a signer that the service replaces */
export function readFacts({ metadata, spec, status }: ApiCsr): CsrFacts | undefined {
  const signer = signerOf(spec?.signerName ?? '');
  const { uid, name, creationTimestamp = '' } = metadata ?? {};
  // a uid becomes a part of object keys, and has no dot, which separates the number of an attempt
  if (!signer || uid === undefined || name === undefined) return undefined;
  // the API server has no limit, and all names are remembered
  if (name.length > MAX_NAME_LENGTH) return undefined;
  if (!isSubdomain(uid) || uid.includes('.')) return undefined;
  const { username = '', groups = [] } = spec ?? {};
  const commonName = commonNameOf(spec?.request ?? '');
  const nodeName = isForKubelet(signer) ? nodeNameOf(commonName) : undefined;
  return {
    uid,
    name,
    signer,
    commonName,
    nodeName,
    username,
    isByNode: nodeName !== undefined && username === commonName && groups.includes(NODES),
    createdMs: Date.parse(creationTimestamp) || 0,
    state: stateOf(status),
  };
}

/** What the service accepts. */
const MAX_NAME_LENGTH = 253;

const NODES = 'system:nodes';

function commonNameOf(request: string): string | undefined {
  const { seen } = readRequest(Buffer.from(request, 'base64'));
  return seen.subject?.commonName;
}

function nodeNameOf(commonName = ''): string | undefined {
  const name = nodeOfUser(commonName);
  return name !== undefined && isSubdomain(name) ? name : undefined;
}

/** A certificate comes first: nothing that follows can take it back. */
export function stateOf(status: ApiCsr['status']): CsrState {
  const has = (type: string) => status?.conditions?.some((one) => one.type === type) ?? false;
  if (status?.certificate) return 'issued';
  if (has('Denied')) return 'denied';
  if (has('Failed')) return 'failed';
  return has('Approved') ? 'approved' : 'pending';
}
