/**
 * The kinds of request, as data. A new kind is a row here, a judge in lib/policy/judges.ts, and a test; its certificate
 * names are profiles in lib/profiles. Keys, outcomes, approvals and the expiry index follow from the row.
 */
import { SIGNERS } from '../certificates-api/signers.ts';
import { isSubdomain, MAX_NODE_NAME_LENGTH, nodeOfUser } from '../names.ts';
import { listed } from '../printable.ts';
import {
  CERTIFICATE_NAMES,
  type IssuedName,
  PROBE_NAMES,
  type ProbeName,
  USER_NAME,
} from '../profiles/certificate-names.ts';
import { KUBEADM_PATHS } from './kubeadm-paths.ts';

export interface RequestKind {
  readonly name: string;
  /** What follows the cluster in its keys: this word, which no node may have as its name. @default a node's name */
  readonly reservedWord?: string;
  /** How the keys of its objects end. */
  readonly suffix: string;
  /** What each path below the request id requests. */
  readonly certificates: ReadonlyMap<string, IssuedName>;
  /** Shown to an uploader whose path is not one of these. */
  readonly unknownPath: { readonly allowed: string; readonly fix: string };
  /** Certificate names that a standing approval may cover. */
  readonly standingApprovals: readonly IssuedName[];
  /** What happens to a validity that would end after the CA's: it is shortened, or the request is rejected. */
  readonly beyondCa: 'shorten' | 'refuse';
  /** Whose certificate it is, for the expiry index and its alarms: an RFC 1123 subdomain. */
  readonly expiryName: (issued: IssuedRequest) => string;
}

export interface IssuedRequest {
  /** The part of the request's key that follows the cluster. */
  readonly node: string;
  readonly commonName: string;
}

/** The reserved word of users' requests. */
export const USERS = 'users';
/** Where the CSR of a user is, below the request id. */
export const USER_PATH = `${USER_NAME}.csr`;
/** The reserved word of CSRs of the certificates API that a forwarder uploads for others: kubectl's name of the resource. */
export const CSR = 'csr';
/** Whose budget it is if a kubelet requests its first certificate with a bootstrap token; no node has such a name. */
export const BOOTSTRAP_HOLDER = `${CSR}~`;
export const isBootstrapHolder = (holder: string) => holder.startsWith(BOOTSTRAP_HOLDER);
/** Whose budget it is if a forwarder uploads for users: people who upload themselves have their own. */
export const CSR_USERS_HOLDER = `${USERS}~${CSR}`;
/** S3 user metadata of a user's request: the requested validity, such as `8h`. */
export const VALIDITY_METADATA = 'validity-period';

const API_PATHS = SIGNERS.map(({ path, certificateName }): [string, IssuedName] => [
  path,
  certificateName,
]);

/** Where the CSR of a probe is, below the request id. */
export const probePath = (name: ProbeName) => `${name}.csr`;

const PROBE_PATHS = PROBE_NAMES.map((name): [string, IssuedName] => [probePath(name), name]);

export const REQUEST_KINDS = [
  {
    name: 'node',
    suffix: '.csr',
    certificates: new Map<string, IssuedName>([...KUBEADM_PATHS, ...PROBE_PATHS]),
    unknownPath: {
      allowed: `the CSR of one of ${listed(CERTIFICATE_NAMES)}`,
      fix: 'keep the paths at which kubeadm writes CSRs, below the request id',
    },
    // Every `generate-csr` creates a CSR for super-admin.conf, on workers too, and few nodes need the certificate.
    standingApprovals: CERTIFICATE_NAMES.filter((name) => name !== 'super-admin.conf'),
    beyondCa: 'shorten',
    expiryName: ({ node }) => node,
  },
  {
    name: 'user',
    reservedWord: USERS,
    suffix: '.csr',
    certificates: new Map([[USER_PATH, USER_NAME]]),
    unknownPath: {
      allowed: `${USER_PATH} below ${USERS}`,
      fix: "upload a user's CSR to that path, and a node's CSR below the node's name",
    },
    standingApprovals: [], // each user is a different person
    // A person who requests a validity gets exactly that validity, or a rejection.
    beyondCa: 'refuse',
    expiryName: ({ node }) => node,
  },
  {
    // CSRs of the certificates API by a control-plane node's own kubelet
    name: 'kubelet',
    suffix: '.json',
    certificates: new Map(API_PATHS.filter(([, name]) => name !== USER_NAME)),
    unknownPath: {
      allowed:
        "a CertificateSigningRequest of the node's kubelet: kubelet-client.json, kubelet-serving.json",
      fix: "upload a kubelet's CertificateSigningRequest to the path of its signer, below its uid",
    },
    standingApprovals: [], // none needs approval: the kubelet would wait, and then request with another key
    beyondCa: 'shorten',
    expiryName: ({ node }) => node,
  },
  {
    // the same by the kubelets of workers, and by users
    name: 'csr',
    reservedWord: CSR,
    suffix: '.json',
    certificates: new Map(API_PATHS),
    unknownPath: {
      allowed: `one of ${listed(API_PATHS.map(([path]) => path))} below ${CSR}`,
      fix: 'upload a CertificateSigningRequest to the path of its signer, below its uid',
    },
    standingApprovals: [],
    beyondCa: 'shorten',
    expiryName: ({ commonName }) => nodeOfUser(commonName) ?? USERS,
  },
] as const satisfies readonly RequestKind[];

export type RequestKindName = (typeof REQUEST_KINDS)[number]['name'];

/** Reserved words that cannot be node names: request keys contain them where other requests have a node name. */
export function reservedWordsOf(kinds: readonly RequestKind[]): string[] {
  return kinds.flatMap(({ reservedWord }) => (reservedWord === undefined ? [] : [reservedWord]));
}

export const RESERVED_NODE_NAMES: readonly string[] = [
  ...new Set([...reservedWordsOf(REQUEST_KINDS), CSR]),
];

/** How keys of requests end, for policies. */
export const REQUEST_SUFFIXES: readonly string[] = [
  ...new Set(REQUEST_KINDS.map(({ suffix }) => suffix)),
];

/** Whether a node may have this name: `CN=system:node:<name>` has to fit, and no kind of request uses the word. */
export function isNodeName(text: string): boolean {
  return (
    isSubdomain(text) && text.length <= MAX_NODE_NAME_LENGTH && !RESERVED_NODE_NAMES.includes(text)
  );
}

/** Whether a standing approval may cover a certificate name, in requests of any kind. */
export function mayStand(name: IssuedName): boolean {
  const kinds: readonly RequestKind[] = REQUEST_KINDS;
  return kinds.some(({ standingApprovals }) => standingApprovals.includes(name));
}
