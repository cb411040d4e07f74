import { clusterOfRecordKey } from '../lib/contract/cluster-record.ts';
import { isNodeName } from '../lib/contract/request-kinds.ts';
import type { PrincipalPlan } from './principals.ts';
import { type ContractBuckets, statementsOf } from './statements.ts';

/** The principals that a cluster record needs: one for each node that it lists, its users, a forwarder and a relay. */
export function clusterPrincipals(
  recordKey: string,
  record: Buffer,
  buckets: ContractBuckets,
): PrincipalPlan[] {
  // A subdomain has no * or ?, which would widen the resources of statements.
  const cluster = clusterOfRecordKey(recordKey);
  if (cluster === undefined) return [];
  return [
    ...nodesOf(record).map((node) => nodePrincipal(cluster, node, buckets)),
    forwarderPrincipal(cluster, buckets),
    userPrincipal(cluster, buckets),
    relayPrincipal(cluster, buckets),
  ];
}

interface Node {
  readonly name: string;
  readonly isControlPlane: boolean;
}

function nodePrincipal(
  cluster: string,
  { name, isControlPlane }: Node,
  buckets: ContractBuckets,
): PrincipalPlan {
  return {
    name: `node:${cluster}/${name}`,
    kind: 'role',
    session: name,
    description: `Node ${name} of cluster ${cluster}.`,
    statements: [
      ...statementsOf({ principal: 'node', cluster, node: name }, buckets),
      ...(isControlPlane ? statementsOf({ principal: 'control-plane', cluster }, buckets) : []),
    ],
  };
}

/** A forwarder that runs elsewhere than on a control plane, whose node has this access anyway. */
function forwarderPrincipal(cluster: string, buckets: ContractBuckets): PrincipalPlan {
  return {
    name: `forwarder:${cluster}`,
    kind: 'role',
    description: `Carries CSRs of the certificates API of cluster ${cluster}, and reports it (cakeless csrsigning).`,
    statements: statementsOf({ principal: 'forwarder', cluster }, buckets),
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

function relayPrincipal(cluster: string, buckets: ContractBuckets): PrincipalPlan {
  return {
    name: `relay:${cluster}`,
    kind: 'role',
    description: `Invites and relays for nodes of cluster ${cluster} that have no credentials.`,
    statements: statementsOf({ principal: 'relay', cluster }, buckets),
  };
}

/** The nodes that a record lists; empty if it cannot be read (the functions will reject it). */
function nodesOf(record: Buffer): Node[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(record.toString('utf8'));
  } catch {
    return [];
  }
  const listed = (parsed as { nodes?: unknown } | null)?.nodes;
  if (!Array.isArray(listed)) return [];
  const entries = listed.map((entry: { name?: unknown; role?: unknown } | null) => ({
    name: entry?.name,
    isControlPlane: entry?.role === 'control-plane',
  }));
  const nodes = entries.filter(
    (entry): entry is Node => typeof entry.name === 'string' && isNodeName(entry.name),
  );
  return nodes.filter(({ name }, i) => nodes.findIndex((node) => node.name === name) === i);
}
