import { clusterOfRecordKey } from '../lib/contract/cluster-record.ts';
import { isNodeName } from '../lib/contract/request-kinds.ts';
import type { PrincipalPlan } from './principals.ts';
import { type ContractBuckets, statementsOf } from './statements.ts';

/** The principals that a cluster record needs: one for each node that it lists, and one for its users. */
export function clusterPrincipals(
  recordKey: string,
  record: Buffer,
  buckets: ContractBuckets,
): PrincipalPlan[] {
  // A subdomain has no * or ?, which would widen the resources of statements.
  const cluster = clusterOfRecordKey(recordKey);
  if (cluster === undefined) return [];
  return [
    ...nodeNames(record).map((node) => nodePrincipal(cluster, node, buckets)),
    userPrincipal(cluster, buckets),
  ];
}

function nodePrincipal(cluster: string, node: string, buckets: ContractBuckets): PrincipalPlan {
  return {
    name: `node:${cluster}/${node}`,
    kind: 'role',
    session: node,
    description: `Node ${node} of cluster ${cluster}.`,
    statements: statementsOf({ principal: 'node', cluster, node }, buckets),
  };
}

/** A person who requests user certificates, through an SSO role for example. */
function userPrincipal(cluster: string, buckets: ContractBuckets): PrincipalPlan {
  return {
    name: `user-requester:${cluster}`,
    kind: 'role',
    session: 'jane@example.com',
    description: `Requests user certificates of cluster ${cluster}.`,
    statements: statementsOf({ principal: 'user', cluster }, buckets),
  };
}

/** The node names that a record lists; empty if it cannot be read (the functions will reject it). */
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
