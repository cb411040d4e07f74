/** The API servers' audit logs, which name the certificate that a client used. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterNode } from './cluster-node.ts';

/** Logs what controllers and kubelets do every few seconds: renew their lease, or read it. */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    users: [system:kube-controller-manager, system:kube-scheduler]
    resources: [{ group: coordination.k8s.io, resources: [leases] }]
  - level: Metadata
    userGroups: [system:nodes]
    resources: [{ group: coordination.k8s.io, resources: [leases] }]
  - level: None
`;

const logOf = ({ folder }: ClusterNode) => join(folder, 'log', 'audit');

/** Flags of kube-apiserver. */
export function auditFlags(node: ClusterNode): Record<string, string> {
  const policy = join(node.folder, 'audit-policy.yaml');
  writeFileSync(policy, AUDIT_POLICY);
  return { '--audit-policy-file': policy, '--audit-log-path': logOf(node) };
}

interface AuditEvent {
  readonly user: { readonly username: string; readonly extra?: Record<string, string[]> };
}

/** Certificates (`X509SHA256=…`) that a user presented to any of these API servers, and how often. */
export const credentialsOf = (user: string, nodes: readonly ClusterNode[]): Map<string, number> =>
  credentialsIn(user, nodes.map(logOf));

/** The same for these logs. */
export function credentialsIn(user: string, logs: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const file of logs.filter((path) => existsSync(path)))
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (!line.endsWith('}')) continue; // not written completely yet
      const event: AuditEvent = JSON.parse(line);
      const [id] = event.user.extra?.[CREDENTIAL_ID] ?? [];
      if (event.user.username === user && id !== undefined)
        counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  return counts;
}

/** Also set for certificates since Kubernetes 1.32 (kubernetes#125634). */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';
