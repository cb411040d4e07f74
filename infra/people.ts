/** Roles of people. Each exists only where the configuration says who may assume it. */
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { type Caller, type Outsider, ROLE_FOLDERS } from '../lib/access/principals.ts';
import type { CakelessService } from './cakeless-service.ts';
import { rolePath } from './principal-arns.ts';
import { assumedBy, type SessionRules, type Trusted } from './trusted.ts';

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
  return newRole(scope, id, { service, people, description, caller: { principal: 'operator' } });
}

/** Reads what an approval is about, and writes approvals under its own name; nothing else. */
export function newApproverRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  people: People,
): iam.Role {
  const description = 'approvers: approvals';
  return newRole(scope, id, { service, people, description, caller: { principal: 'approver' } });
}

/** Reads both buckets and the functions' logs, and writes nothing. */
export function newAuditorRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  people: People,
): iam.Role {
  const description = 'auditors: read everything';
  return newRole(scope, id, { service, people, description, caller: { principal: 'auditor' } });
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
  return newRole(scope, id, { service, people, description, caller });
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
  return newRole(scope, id, { service, people, description, caller });
}

interface RoleProps {
  readonly service: CakelessService;
  readonly people: People;
  readonly description: string;
  readonly caller: Caller & { readonly principal: Exclude<Outsider, 'node' | 'control-plane'> };
}

function newRole(
  scope: Construct,
  id: string,
  { service, people, description, caller }: RoleProps,
): iam.Role {
  const [folder = ''] = ROLE_FOLDERS[caller.principal];
  const role = new iam.Role(scope, id, {
    path: rolePath(service.namePrefix, folder),
    description: `Cakeless: ${description}`,
    assumedBy: assumedBy(people.assumedBy, people),
  });
  service.grant(role, caller);
  return role;
}
