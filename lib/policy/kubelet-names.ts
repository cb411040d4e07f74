/**
 * The names in a kubelet's serving certificate. A kubelet requests what its Node object says, which anyone with the
 * node's credentials can change, so the cluster record alone decides: the record must allow every name, and none may be
 * that of another server in the trust domain. All names or nothing: a kubelet that gets a part of what it requested
 * requests a certificate again and again.
 */
import { toName } from '../cluster/expected-names.ts';
import type { KnownNode } from '../cluster/find-node.ts';
import { fitsPattern } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { TrustDomainNames } from '../cluster/trust-domain-names.ts';
import { type AlternativeName, formatName } from '../csr/alternative-names.ts';
import { formatAddressRange, isInRange, parseIpAddress, unmappedRange } from '../ip-address.ts';
import { listed } from '../printable.ts';
import type { Violation, ViolationCode } from '../refusal/violation.ts';
import { readSloppyAddress } from '../sloppy-address.ts';
import { ownerElsewhere, ownerInCluster, whyNever } from './forbidden-names.ts';
import { judgeNumber } from './judge-names.ts';

/** @param domain what all clusters of the record's trust domain declare */
export function judgeKubeletNames(
  names: readonly AlternativeName[],
  node: KnownNode,
  record: ClusterRecord,
  domain: TrustDomainNames,
): Violation[] {
  if (names.length === 0) return [noName(node)];
  const foreign = names.filter((name) => !isAllowed(name, node));
  const forbidden = names.flatMap((name) => objectionTo(name, node, record, domain) ?? []);
  const forbiddenOf = (code: ViolationCode) =>
    forbidden.filter((objection) => objection.code === code).map(({ text }) => text);
  return [
    ...(foreign.length > 0 ? [notAllowed(foreign, node)] : []),
    ...inSan(
      'san-forbidden',
      forbiddenOf('san-forbidden'),
      'names that no other server of the trust domain has',
      'leave the name out of the addresses of the node (kubectl get node), or correct the cluster record that declares it for another server',
    ),
    ...inSan(
      'names-overlap',
      forbiddenOf('names-overlap'),
      'names that no other cluster of the trust domain allows its kubelets',
      'narrow the ranges or patterns of one of the cluster records, or give each cluster its own trust domain',
    ),
    ...judgeNumber(names, record),
  ];
}

/** What the record allows the node: exact names, patterns, and ranges. */
export function isAllowed(name: AlternativeName, node: KnownNode): boolean {
  if (exactNames(node).has(formatName(name))) return true;
  const octets = parseIpAddress(name.value);
  if (name.type === 'IP')
    return octets !== undefined && rangesOf(node).some((range) => isInRange(octets, range));
  return (
    readSloppyAddress(name.value) === undefined &&
    node.kubelet.patterns.some((pattern) => fitsPattern(name.value, pattern))
  );
}

function exactNames({ name, addresses, kubelet }: KnownNode): ReadonlySet<string> {
  // only an entry vouches for a name that is an address: a rule's pattern matches many
  const own = addresses.length > 0 || readSloppyAddress(name) === undefined ? [name] : [];
  return new Set(
    [...own, ...addresses, ...kubelet.certSANs].map((text) => formatName(toName(text))),
  );
}

const rangesOf = ({ addressRanges, kubelet }: KnownNode) =>
  [...addressRanges, ...kubelet.addressRanges].map(unmappedRange);

interface Objection {
  readonly code: 'san-forbidden' | 'names-overlap';
  readonly text: string;
}

/** Why the node must not have the name, whatever its record allows. */
export function objectionTo(
  name: AlternativeName,
  node: KnownNode,
  record: ClusterRecord,
  domain: TrustDomainNames,
): Objection | undefined {
  const own = whyNever(name) ?? ownerInCluster(name.value, node, record);
  if (own !== undefined) return { code: 'san-forbidden', text: `${formatName(name)} (${own})` };
  const elsewhere = ownerElsewhere(name.value, record, domain);
  if (!elsewhere) return undefined;
  const { kind, place, cluster } = elsewhere;
  return {
    code: kind === 'server' ? 'san-forbidden' : 'names-overlap',
    text: `${formatName(name)} (${place} of cluster ${cluster})`,
  };
}

function notAllowed(foreign: readonly AlternativeName[], node: KnownNode): Violation {
  return {
    code: 'san-not-allowed',
    field: 'subjectAltName',
    got: listed(foreign.map(formatName)),
    allowed: describeAllowed(node),
    fix: 'add the name to the addresses or kubelet.certSANs of the node in the cluster record, or to kubelet of its rule',
  };
}

function noName(node: KnownNode): Violation {
  return {
    code: 'san-missing',
    field: 'subjectAltName',
    got: 'none',
    allowed: `at least one of ${describeAllowed(node)}`,
    fix: 'let the kubelet create the CSR once its Node object has addresses',
  };
}

const describeAllowed = (node: KnownNode): string =>
  listed([
    ...exactNames(node),
    ...node.kubelet.patterns.map((pattern) => `DNS:${pattern}`),
    ...rangesOf(node).map((range) => `IP:${formatAddressRange(range)}`),
  ]);

const inSan = (
  code: ViolationCode,
  got: readonly string[],
  allowed: string,
  fix: string,
): Violation[] =>
  got.length === 0 ? [] : [{ code, field: 'subjectAltName', got: listed(got), allowed, fix }];
