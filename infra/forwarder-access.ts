import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { CakelessService } from './cakeless-service.ts';
import { EC2 } from './node-access.ts';
import { newRole } from './outsider-role.ts';
import type { SessionConditions, Trusted } from './trusted.ts';

export interface ForwarderAccessProps {
  readonly service: CakelessService;
  /** Name of the cluster, as in its record. */
  readonly cluster: string;
  /** Who may assume the role: AWS service, account, principal ARN or trust anchor. */
  readonly assumedBy: readonly Trusted[];
  /** More conditions of the trust policy. @default none */
  readonly conditions?: SessionConditions | undefined;
}

/**
 * The role of a forwarder (`cakeless csrsigning`) that does not run on a control-plane node of its cluster, whose node
 * role is enough. It reaches the CSRs of the certificates API of that cluster and its report, and no node's folder.
 */
export class ForwarderAccess extends Construct {
  readonly role: iam.Role;
  /** Unless EC2 may not assume the role. */
  readonly instanceProfile: iam.InstanceProfile | undefined;

  constructor(scope: Construct, id: string, props: ForwarderAccessProps) {
    super(scope, id);
    const { service, cluster, assumedBy, conditions } = props;
    this.role = newRole(this, 'Role', {
      service,
      trust: { assumedBy, conditions },
      description: `forwarder of CSRs of the certificates API of ${cluster}`,
      caller: { principal: 'forwarder', cluster },
    });
    this.instanceProfile = assumedBy.includes(EC2)
      ? new iam.InstanceProfile(this, 'InstanceProfile', { role: this.role })
      : undefined;
  }
}
