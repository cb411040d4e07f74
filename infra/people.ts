/** Roles of people. Each is made only where somebody is named who may assume it. */
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { CakelessService } from './cakeless-service.ts';
import { USERS } from './node-access.ts';
import { assumedBy, type Trusted } from './trusted.ts';

/** Writes cluster records, has CAs made, looks at dead letters. Neither uploads, nor approves, nor signs. */
export function newOperatorRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  trusted: readonly Trusted[],
): iam.Role {
  const role = newRole(scope, id, 'operators: cluster records and trust domains', trusted);
  service.exchange.grantReading(role);
  service.authority.grantReading(role);
  service.authority.grantClusterRecords(role);
  service.requests.grantDeadLetters(role);
  for (const { function: called } of [service.createCa, service.reconcile])
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [called.functionArn],
      }),
    );
  return role;
}

/** Reads what an approval is about, and writes approvals; nothing else. */
export function newApproverRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  trusted: readonly Trusted[],
): iam.Role {
  const role = newRole(scope, id, 'approvers: approvals', trusted);
  service.exchange.grantReading(role);
  service.authority.grantReading(role);
  service.authority.grantApproving(role);
  return role;
}

/** Reads both buckets and the functions' logs, and writes nothing. */
export function newAuditorRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  trusted: readonly Trusted[],
): iam.Role {
  const role = newRole(scope, id, 'auditors: read everything', trusted);
  service.exchange.grantReading(role);
  service.authority.grantReading(role);
  service.grantLogs(role);
  return role;
}

/** Asks for user certificates of a cluster: a place of their own beside the nodes'. */
export function newUserRole(
  scope: Construct,
  id: string,
  service: CakelessService,
  cluster: string,
  trusted: readonly Trusted[],
): iam.Role {
  const role = newRole(scope, id, `people who ask for user certificates of ${cluster}`, trusted);
  service.exchange.grantRequesting(role, { cluster, node: USERS });
  return role;
}

function newRole(
  scope: Construct,
  id: string,
  description: string,
  trusted: readonly Trusted[],
): iam.Role {
  return new iam.Role(scope, id, {
    description: `Cakeless: ${description}`,
    assumedBy: assumedBy(trusted),
  });
}
