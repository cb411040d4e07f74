/** Roles of people. Each exists only where the configuration says who may assume it. */
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { Caller } from '../lib/access/principals.ts';
import type { CakelessService } from './cakeless-service.ts';
import { assumedBy, type Trusted } from './trusted.ts';

/** Writes cluster records, has CAs created, reads dead letters. Cannot upload, approve or sign. */
export function newOperatorRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  trusted: readonly Trusted[],
): iam.Role {
  const description = 'operators, who manage cluster records and trust domains';
  return newRole(scope, id, { service, trusted, description, caller: { principal: 'operator' } });
}

/** Reads what an approval is about, and writes approvals; nothing else. */
export function newApproverRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  trusted: readonly Trusted[],
): iam.Role {
  const description = 'approvers: approvals';
  return newRole(scope, id, { service, trusted, description, caller: { principal: 'approver' } });
}

/** Reads both buckets and the functions' logs, and writes nothing. */
export function newAuditorRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  trusted: readonly Trusted[],
): iam.Role {
  const description = 'auditors: read everything';
  return newRole(scope, id, { service, trusted, description, caller: { principal: 'auditor' } });
}

/** Requests user certificates of a cluster, in a folder next to those of its nodes. */
export function newUserRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  cluster: string,
  trusted: readonly Trusted[],
): iam.Role {
  const description = `people who request user certificates of ${cluster}`;
  const caller = { principal: 'user', cluster } as const;
  return newRole(scope, id, { service, trusted, description, caller });
}

interface RoleProps {
  readonly service: CakelessService;
  readonly trusted: readonly Trusted[];
  readonly description: string;
  readonly caller: Caller;
}

function newRole(
  scope: Construct,
  id: string,
  { service, trusted, description, caller }: RoleProps,
): iam.Role {
  const role = new iam.Role(scope, id, {
    description: `Cakeless: ${description}`,
    assumedBy: assumedBy(trusted),
  });
  service.grant(role, caller);
  return role;
}
