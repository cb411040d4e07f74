import type { ContractBuckets } from './first-principals.ts';
import type { PrincipalPlan } from './principals.ts';

/**
 * The principals that a cluster record calls for: one for every node it names, and one for its users. A node uploads under its own
 * prefix, only what is new there, and reads its own certificates and the trust bundles.
 */
export function nodePrincipals(
  recordKey: string,
  record: Buffer,
  buckets: ContractBuckets,
): PrincipalPlan[] {
  const cluster = clusterOfRecordKey(recordKey);
  if (cluster === undefined) return [];
  return [
    ...nodeNames(record).map((node) => nodePrincipal(cluster, node, buckets)),
    userRequester(cluster, buckets),
  ];
}

/** The cluster whose record this key holds; undefined for any other key. */
export function clusterOfRecordKey(key: string): string | undefined {
  const cluster = /^clusters\/([^/]+)\.json$/.exec(key)?.[1];
  return cluster !== undefined && isSubdomain(cluster) ? cluster : undefined;
}

function nodePrincipal(cluster: string, node: string, buckets: ContractBuckets): PrincipalPlan {
  const own = `${cluster}/${node}/*`;
  const exchange = `arn:aws:s3:::${buckets.exchange}`;
  const lease = `${exchange}/leases/${cluster}.json`;
  return {
    name: `node:${cluster}/${node}`,
    kind: 'role',
    session: node,
    description: `The node ${node} of the cluster ${cluster}.`,
    statements: [
      {
        actions: ['s3:PutObject'],
        resources: [`${exchange}/requests/${own}`],
        ifNoneMatchRequired: true,
      },
      {
        actions: ['s3:GetObject', 's3:ListBucket'],
        resources: [`${exchange}/certificates/${own}`, `${exchange}/requests/${own}`],
      },
      { actions: ['s3:GetObject'], resources: [`${exchange}/trust/*`] },
      { actions: ['s3:GetObject'], resources: [lease] },
      // the restart lease: taken and given back, never over what was not read
      { actions: ['s3:PutObject'], resources: [lease], conditionRequired: true },
    ],
  };
}

/** Whoever asks for certificates of users of a cluster: an SSO role, say. */
function userRequester(cluster: string, buckets: ContractBuckets): PrincipalPlan {
  return {
    ...nodePrincipal(cluster, 'users', buckets),
    name: `user-requester:${cluster}`,
    session: 'jane@example.com',
    description: `Asks for certificates of users of the cluster ${cluster}.`,
  };
}

/** The names that a record lists; a record that can't be read names nobody (the functions will refuse it). */
function nodeNames(record: Buffer): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(record.toString('utf8'));
  } catch {
    return [];
  }
  const nodes = (parsed as { nodes?: unknown } | null)?.nodes;
  if (!Array.isArray(nodes)) return [];
  const names = nodes.map((node: { name?: unknown } | null) => node?.name);
  return [...new Set(names.filter((name) => typeof name === 'string').filter(isNodeName))];
}

/** `users` stands in a node's place in the keys of user certificates. */
const isNodeName = (name: string) => isSubdomain(name) && name !== 'users';

/** RFC 1123, section 2.1. It also keeps `*` and `?` out of the resources above. */
function isSubdomain(name: string): boolean {
  return (
    name.length <= 253 &&
    name.split('.').every((label) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label))
  );
}
