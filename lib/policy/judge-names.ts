import { expectedNames } from '../cluster/expected-names.ts';
import type { KnownNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import { type AlternativeName, formatName } from '../csr/alternative-names.ts';
import { canonicalIpAddress, isInRange, parseIpAddress } from '../ip-address.ts';
import { LIMITS } from '../limits.ts';
import { listed } from '../printable.ts';
import type { VersionedProfile } from '../profiles/profile-for.ts';
import type { Violation } from '../refusal/violation.ts';

const DECLARE =
  'declare the name in the cluster record, or leave it out of the kubeadm configuration';

/** The names must be those that kubeadm would request on this node: each is allowed, and none is missing. */
export function judgeNames(
  names: readonly AlternativeName[],
  profile: VersionedProfile,
  record: ClusterRecord,
  node: KnownNode,
): Violation[] {
  const expected = expectedNames(profile.sans, record, node);
  const required = [...new Set(expected.required.map(formatName))];
  const known = new Set([...required, ...expected.allowed.map(formatName)]);
  const got = names.map(formatName);
  // A client certificate with names could be used as a server's, so it may have none.
  const own = profile.sans === 'none' ? [] : ownByRule(names, known, record, node);
  const isOwn = (name: AlternativeName) => own.includes(name);
  const foreign = names.filter((name) => !known.has(formatName(name)) && !isOwn(name));
  const missing = required.filter((name) => !got.includes(name));
  const violations: Violation[] = [];
  if (foreign.length > 0)
    violations.push({
      code: 'san-not-allowed',
      field: 'subjectAltName',
      got: listed(foreign.map(formatName)),
      allowed: listed([...known]),
      fix:
        profile.sans === 'none' ? 'a client certificate has no subject alternative names' : DECLARE,
    });
  if (missing.length > 0)
    violations.push({
      code: 'san-missing',
      field: 'subjectAltName',
      got: `${listed(got)}; without ${listed(missing)}`,
      allowed: `at least ${listed(required)}`,
      fix: 'create the CSR with `--config` of this cluster: without it, kubeadm omits the endpoint and certSANs',
    });
  if (profile.sans !== 'none' && node.addresses.length === 0 && !names.some(isOwn))
    violations.push({
      code: 'san-missing',
      field: 'subjectAltName',
      got: listed(got),
      allowed: "an address of the node, in one of the node rule's addressRanges",
      fix: 'check the advertise address of the node, or extend addressRanges in the cluster record',
    });
  violations.push(...judgeNumber(names, record));
  return violations;
}

export function judgeNumber(names: readonly AlternativeName[], record: ClusterRecord): Violation[] {
  const maxNames = record.maxNames ?? LIMITS.maxNames;
  if (names.length <= maxNames) return [];
  return [
    {
      code: 'san-too-many',
      field: 'subjectAltName',
      got: `${names.length} names`,
      allowed: `at most ${maxNames}`,
      fix: 'leave names out, or raise limits.maxNames in the cluster record',
    },
  ];
}

/**
 * The addresses that a node rule allows: the first of each family, because kubeadm requests one advertise address.
 * Further ones could be addresses of other nodes in the same range.
 */
function ownByRule(
  names: readonly AlternativeName[],
  known: ReadonlySet<string>,
  record: ClusterRecord,
  node: KnownNode,
): AlternativeName[] {
  if (node.addressRanges.length === 0) return [];
  const others = new Set(
    record.nodes.flatMap(({ addresses }) => addresses.map(canonicalIpAddress)),
  );
  const inRange = names.filter(
    (name) => !known.has(formatName(name)) && !others.has(name.value) && isInNodeRange(name, node),
  );
  const isIpv6 = ({ value }: AlternativeName) => value.includes(':');
  return [inRange.find((name) => !isIpv6(name)), inRange.find(isIpv6)].filter(
    (name) => name !== undefined,
  );
}

function isInNodeRange(name: AlternativeName, node: KnownNode): boolean {
  const octets = name.type === 'IP' ? parseIpAddress(name.value) : undefined;
  return octets !== undefined && node.addressRanges.some((range) => isInRange(octets, range));
}
