/** Keys of requests and of their outcomes in the exchange bucket (docs/s3-contract.md). */
import { isSubdomain } from '../names.ts';
import type { IssuedName } from '../profiles/certificate-names.ts';
import { EXCHANGE_PREFIXES, OUTCOME_SUFFIXES } from './prefixes.ts';
import { REQUEST_KINDS, type RequestKind } from './request-kinds.ts';

/** The parts of a request's key. */
export interface RequestParts {
  readonly cluster: string;
  /** Name of the node, or the reserved word of a kind of request. */
  readonly node: string;
  readonly requestId: string;
  /** Below the request id, with its suffix: `pki/etcd/server.csr`. */
  readonly path: string;
}

export interface RequestAddress extends RequestParts {
  /** `requests/<cluster>/<node>/<request id>/<path>` */
  readonly key: string;
}

export function requestKey({ cluster, node, requestId, path }: RequestParts): string {
  return `${EXCHANGE_PREFIXES.requests}${cluster}/${node}/${requestId}/${path}`;
}

/** Plain characters only: no escapes, no control characters, nothing that a shell or a browser would interpret. */
const PATH = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,4}$/;
const MAX_PATH_LENGTH = 200;

/** The parts of a key under `requests/`; undefined for any key that is not a request's. */
export function parseRequestKey(key: string): RequestAddress | undefined {
  if (!key.startsWith(EXCHANGE_PREFIXES.requests)) return undefined;
  const below = key.slice(EXCHANGE_PREFIXES.requests.length);
  const [cluster = '', node = '', requestId = '', ...rest] = below.split('/');
  const path = rest.join('/');
  if (![cluster, node, requestId].every(isSubdomain)) return undefined;
  if (path.length > MAX_PATH_LENGTH || !PATH.test(path)) return undefined;
  return { key, cluster, node, requestId, path };
}

type Location = Pick<RequestAddress, 'node' | 'path'>;

/** The kind of a request; undefined for an object that no kind accepts, such as a node's `admin.conf`. */
export function requestKindOf(
  { node, path }: Location,
  kinds: readonly RequestKind[] = REQUEST_KINDS,
): RequestKind | undefined {
  const candidates = kindsUnder(node, kinds);
  return (
    candidates.find(({ certificates }) => certificates.has(path)) ??
    candidates.find(({ suffix }) => path.endsWith(suffix))
  );
}

function kindsUnder(node: string, kinds: readonly RequestKind[]): RequestKind[] {
  const isReserved = kinds.some(({ reservedWord }) => reservedWord === node);
  return kinds.filter(({ reservedWord }) =>
    reservedWord === undefined ? !isReserved : reservedWord === node,
  );
}

/** The certificate that a request is for; undefined if no kind has one at its path. */
export function issuedNameOf(
  location: Location,
  kinds: readonly RequestKind[] = REQUEST_KINDS,
): IssuedName | undefined {
  return requestKindOf(location, kinds)?.certificates.get(location.path);
}

export interface OutcomeKeys {
  readonly certificate: string;
  readonly rejected: string;
  readonly pending: string;
}

/**
 * `<path>.crt`, `<path>.rejected.json` and `<path>.pending.json` under `certificates/`, where `<path>` has no suffix.
 * The rejection of an object of no kind (a kubeconfig with its key) is at `<path>~upload.rejected.json`: paths of
 * requests have no `~`, so the rejection of `admin.conf` is never mistaken for that of `admin.conf.csr`.
 */
export function outcomeKeys(
  address: RequestParts,
  kinds: readonly RequestKind[] = REQUEST_KINDS,
): OutcomeKeys {
  const { cluster, node, requestId } = address;
  const place = `${EXCHANGE_PREFIXES.certificates}${cluster}/${node}/${requestId}/`;
  const stem = `${place}${outcomeName(address, kinds)}`;
  return {
    certificate: `${stem}${OUTCOME_SUFFIXES.certificate}`,
    rejected: `${stem}${OUTCOME_SUFFIXES.rejected}`,
    pending: `${stem}${OUTCOME_SUFFIXES.pending}`,
  };
}

/** Follows the whole path of an object that is not a request, in the key of its rejection. */
export const NOT_A_REQUEST = '~upload';

/**
 * Without the suffix of its kind. Two kinds may share a prefix: an unknown path of one never takes the name that a
 * certificate of the other has.
 */
function outcomeName({ node, path }: Location, kinds: readonly RequestKind[]): string {
  const kind = requestKindOf({ node, path }, kinds);
  const name = kind && path.slice(0, -kind.suffix.length);
  if (name === undefined || kindOfOutcome(node, name, kinds) !== kind)
    return `${path}${NOT_A_REQUEST}`;
  return name;
}

/** The kind of request that an outcome belongs to: the kind with a certificate at its path, or else the first. */
function kindOfOutcome(
  node: string,
  name: string,
  kinds: readonly RequestKind[],
): RequestKind | undefined {
  const candidates = kindsUnder(node, kinds);
  return (
    candidates.find(({ certificates, suffix }) => certificates.has(`${name}${suffix}`)) ??
    candidates[0]
  );
}

/** The request that an outcome under `certificates/` is for; undefined for any other key. */
export function requestKeyOfOutcome(
  key: string,
  outcome: keyof typeof OUTCOME_SUFFIXES,
  kinds: readonly RequestKind[] = REQUEST_KINDS,
): string | undefined {
  const suffix = OUTCOME_SUFFIXES[outcome];
  if (!key.startsWith(EXCHANGE_PREFIXES.certificates) || !key.endsWith(suffix)) return undefined;
  const stem = key.slice(EXCHANGE_PREFIXES.certificates.length, -suffix.length);
  if (stem.endsWith(NOT_A_REQUEST))
    return `${EXCHANGE_PREFIXES.requests}${stem.slice(0, -NOT_A_REQUEST.length)}`;
  const [, node = '', , ...name] = stem.split('/');
  const kind = kindOfOutcome(node, name.join('/'), kinds);
  return kind && `${EXCHANGE_PREFIXES.requests}${stem}${kind.suffix}`;
}

/** Under `certificates/`: the outcomes of a cluster, of one of its nodes, or of one request id. */
export function outcomesPrefix(cluster: string, node?: string, requestId?: string): string {
  return below(EXCHANGE_PREFIXES.certificates, cluster, node, requestId);
}

/** Under `requests/`: what was uploaded for a cluster, for one of its nodes, or under one request id. */
export function requestsPrefix(cluster: string, node?: string, requestId?: string): string {
  return below(EXCHANGE_PREFIXES.requests, cluster, node, requestId);
}

function below(prefix: string, ...parts: readonly (string | undefined)[]): string {
  return parts.reduce<string>(
    (text, part) => (part === undefined ? text : `${text}${part}/`),
    prefix,
  );
}

/** A request's key as people type it: the `requests/` prefix is optional. */
export function completeRequestKey(text: string): string {
  return text.startsWith(EXCHANGE_PREFIXES.requests)
    ? text
    : `${EXCHANGE_PREFIXES.requests}${text}`;
}

/** The reverse: what people type. */
export function shortRequestKey(key: string): string {
  return key.startsWith(EXCHANGE_PREFIXES.requests)
    ? key.slice(EXCHANGE_PREFIXES.requests.length)
    : key;
}
