/**
 * Where requests and their outcomes lie in the exchange bucket (docs/s3-contract.md), and which certificate name a
 * path means. kubeadm ever wrote three layouts: `generate-csr` below /etc/kubernetes (`pki/etcd/server.csr`,
 * `admin.conf.csr`), `init phase certs --csr-only` below the pki folder (`etcd/server.csr`), and
 * `certs renew --csr-only`, flat and by name (`etcd-server.csr`).
 */
import { isSubdomain, USERS } from '../names.ts';
import { type CertificateName, type IssuedName, USER_NAME } from '../profiles/certificate-names.ts';
import { PROFILES } from '../profiles/profiles.ts';

/** A request's place, taken apart. */
export interface RequestAddress {
  /** The whole key: `requests/<cluster>/<node>/<request id>/<path>`. */
  readonly key: string;
  readonly cluster: string;
  readonly node: string;
  readonly requestId: string;
  /** Below the request id, with its extension: `pki/etcd/server.csr`. */
  readonly path: string;
}

/** Every path that kubeadm ever gave the CSR of a certificate, the one of `generate-csr` first. */
export function pathsOf(profile: { name: string; baseName?: string }): string[] {
  if (profile.baseName === undefined) return [`${profile.name}.csr`];
  return [
    ...new Set([`pki/${profile.baseName}.csr`, `${profile.baseName}.csr`, `${profile.name}.csr`]),
  ];
}

const nameByPath = new Map<string, CertificateName>(
  PROFILES.flatMap((profile) => pathsOf(profile).map((path) => [path, profile.name] as const)),
);

/** The certificate that a path asks for; undefined if kubeadm has none there. */
export function certificateNameOf(path: string): CertificateName | undefined {
  return nameByPath.get(path);
}

export const USER_PATH = `${USER_NAME}.csr`;
/** S3 user metadata of a user's request: how long the certificate is asked to be good. */
export const VALIDITY_METADATA = 'validity-period';

/**
 * What a request asks for. `requests/<cluster>/users/<request id>/user.csr` stands in the place of a node, which
 * therefore can't be called `users`: a node's certificates are not to be had there, nor a user's anywhere else.
 */
export function issuedNameOf({
  node,
  path,
}: Pick<RequestAddress, 'node' | 'path'>): IssuedName | undefined {
  if (node !== USERS) return certificateNameOf(path);
  return path === USER_PATH ? USER_NAME : undefined;
}

/** Plain characters only: no escapes, no control characters, nothing that a shell or a browser would read. */
const PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,4}$/;
const MAX_PATH_LENGTH = 200;

/** Takes a key below `requests/` apart; undefined for anything that is no request. */
export function parseRequestKey(key: string): RequestAddress | undefined {
  const [prefix, cluster = '', node = '', requestId = '', ...rest] = key.split('/');
  const path = rest.join('/');
  if (prefix !== 'requests' || ![cluster, node, requestId].every(isSubdomain)) return undefined;
  if (path.length > MAX_PATH_LENGTH || !PATH.test(path)) return undefined;
  return { key, cluster, node, requestId, path };
}

/**
 * Keys of what a request can come to: `<path>.crt`, `<path>.rejected.json`, `<path>.pending.json`, where `<path>` is
 * without `.csr`. An object that is no .csr file (a kubeconfig with its key) is refused at `<path>~upload.rejected.json`:
 * no path of a request holds a `~`, so the refusal of admin.conf is never taken for the one of admin.conf.csr.
 */
export function outcomeKeys(address: RequestAddress) {
  const { cluster, node, requestId, path } = address;
  const name = path.endsWith('.csr') ? path.slice(0, -'.csr'.length) : `${path}${NO_CSR}`;
  const stem = `certificates/${cluster}/${node}/${requestId}/${name}`;
  return {
    certificate: `${stem}.crt`,
    rejected: `${stem}.rejected.json`,
    pending: `${stem}.pending.json`,
  };
}

const NO_CSR = '~upload';

/** The request whose refusal lies at a key below `certificates/`; undefined for any other key. */
export function requestKeyOfRejection(key: string): string | undefined {
  const stem = /^certificates\/(.+)\.rejected\.json$/.exec(key)?.[1];
  if (stem === undefined) return undefined;
  return `requests/${stem.endsWith(NO_CSR) ? stem.slice(0, -NO_CSR.length) : `${stem}.csr`}`;
}
