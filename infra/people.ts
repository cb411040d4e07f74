/** Roles of people. Each exists only where the configuration says who may assume it. */
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { CakelessService } from './cakeless-service.ts';
import { newRole } from './outsider-role.ts';
import type { SessionRules, Trusted } from './trusted.ts';

/** Who may assume a person's role, and what the session must be like. */
export interface People extends SessionRules {
  readonly assumedBy: readonly Trusted[];
}

/** Writes cluster records, has CAs created, reads dead letters. Cannot upload, approve or sign. */
export function newOperatorRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  people: People,
): iam.Role {
  const description = 'operators, who manage cluster records and trust domains';
  return newRole(scope, id, {
    service,
    trust: people,
    description,
    caller: { principal: 'operator' },
  });
}

/** Reads what an approval is about, and writes approvals under its own name; nothing else. */
export function newApproverRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  people: People,
): iam.Role {
  const description = 'approvers: approvals';
  return newRole(scope, id, {
    service,
    trust: people,
    description,
    caller: { principal: 'approver' },
  });
}

/** Reads both buckets and the functions' logs, and writes nothing. */
export function newAuditorRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  people: People,
): iam.Role {
  const description = 'auditors: read everything';
  return newRole(scope, id, {
    service,
    trust: people,
    description,
    caller: { principal: 'auditor' },
  });
}

/** Imports the CA keys of existing clusters and has them adopted; reads nothing but the trust bundles. */
export function newImporterRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  people: People,
): iam.Role {
  const description = 'importers: CA keys of existing clusters';
  return newRole(scope, id, {
    service,
    trust: people,
    description,
    caller: { principal: 'importer' },
  });
}

/** Requests user certificates of a cluster, in a folder next to those of its nodes. */
export function newUserRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  cluster: string,
  people: People,
): iam.Role {
  const description = `people who request user certificates of ${cluster}`;
  const caller = { principal: 'user', cluster } as const;
  return newRole(scope, id, { service, trust: people, description, caller });
}

/** Uploads for the nodes of a cluster that have no AWS credentials: `cakeless invite` and `cakeless relay`. */
export function newRelayRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  cluster: string,
  people: People,
): iam.Role {
  const description = `people who invite and relay for nodes of ${cluster}`;
  const caller = { principal: 'relay', cluster } as const;
  return newRole(scope, id, { service, trust: people, description, caller });
}
