import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { isNodeName, RESERVED_NODE_NAMES } from '../lib/contract/request-kinds.ts';
import { MAX_NODE_NAME_LENGTH } from '../lib/names.ts';
import type { CakelessService } from './cakeless-service.ts';
import type { Conditions } from './grant-objects.ts';
import { placementOf, problemsOfSize } from './node-placement.ts';
import { rolePath } from './principal-arns.ts';
import { assumedBy, type Trusted } from './trusted.ts';

export interface NodeAccessProps {
  readonly service: CakelessService;
  /** Name of the cluster, as in its record. @default the principal tag `clusterTag` names it: one role for a fleet */
  readonly cluster?: string | undefined;
  /** Who may assume the role: AWS service, account, or principal ARN. */
  readonly assumedBy: readonly Trusted[];
  /** A role for each of these nodes. @default one role for all; the principal tag `nodeTag` names the node */
  readonly nodes?: readonly string[] | undefined;
  /** Those of `nodes` that are control-plane nodes. @default none */
  readonly controlPlanes?: readonly string[] | undefined;
  /**
   * How many nested stacks the roles of `nodes` are spread over: about one for each hundred nodes. A stack has room for
   * about 135 nodes. Changing the number gives some nodes new roles, with other ARNs.
   * @default none: the roles are in the stack of this construct
   */
  readonly nestedStacks?: number | undefined;
  /** Principal tag that names the cluster. @default cluster */
  readonly clusterTag?: string | undefined;
  /** Principal tag that names the node; IAM Roles Anywhere sets x509Subject/CN. @default node */
  readonly nodeTag?: string | undefined;
  /** Principal tag that is `control-plane` for control-plane nodes. @default role */
  readonly roleTag?: string | undefined;
}

/** The roles of a cluster's nodes: each reaches its own folder only. */
export class NodeAccess extends Construct {
  /** Roles by node, or the role of all nodes under `*`. */
  readonly roles: Readonly<Record<string, iam.Role>>;
  /** Instance profiles by node: none unless EC2 may assume the roles. */
  readonly instanceProfiles: Readonly<Record<string, iam.InstanceProfile>>;

  constructor(scope: Construct, id: string, props: NodeAccessProps) {
    super(scope, id);
    this.roles = props.nodes ? this.#rolesOf(props.nodes, props) : { '*': this.#roleByTags(props) };
    this.instanceProfiles =
      props.nodes && props.assumedBy.includes(EC2) ? profilesOf(this.roles) : {};
  }

  #rolesOf(nodes: readonly string[], props: NodeAccessProps): Record<string, iam.Role> {
    const { nestedStacks } = props;
    const place = placementOf(this, nestedStacks);
    this.node.addValidation({
      validate: () =>
        problemsOfSize(this, {
          nodes: nodes.length,
          nestedStacks,
          canShareRole: !props.assumedBy.includes(EC2),
        }),
    });
    return Object.fromEntries(
      nodes.map((node) => [node, this.#roleOfNode(place(node), node, props)]),
    );
  }

  #roleOfNode(scope: Construct, node: string, props: NodeAccessProps): iam.Role {
    if (props.cluster === undefined) throw new Error('nodes are listed without their cluster');
    checkNodeName(node);
    const { service, cluster } = props;
    const isControlPlane = props.controlPlanes?.includes(node) ?? false;
    const folder = isControlPlane ? 'nodes/control-planes/' : 'nodes/';
    const role = new iam.Role(scope, node, {
      path: rolePath(service.namePrefix, folder),
      description: `Cakeless: node ${node} of cluster ${cluster}`,
      assumedBy: assumedBy(props.assumedBy, {
        // the trust anchor vouches for many nodes
        certificateConditions: {
          StringEquals: { [`aws:PrincipalTag/${props.nodeTag ?? COMMON_NAME}`]: node },
        },
      }),
    });
    service.grant(role, { principal: 'node', cluster, node });
    if (isControlPlane) service.grant(role, { principal: 'control-plane', cluster });
    return role;
  }

  #roleByTags(props: NodeAccessProps): iam.Role {
    const { service, clusterTag = 'cluster', nodeTag = 'node', roleTag = 'role' } = props;
    const tags = { node: `aws:PrincipalTag/${nodeTag}`, cluster: `aws:PrincipalTag/${clusterTag}` };
    const role = new iam.Role(this, 'Role', {
      path: rolePath(service.namePrefix, 'nodes/by-tag/'),
      description: `Cakeless: nodes of ${props.cluster === undefined ? 'a fleet' : `cluster ${props.cluster}`}`,
      assumedBy: assumedBy(props.assumedBy, { withTags: true }),
    });
    const cluster = props.cluster ?? `\${${tags.cluster}}`;
    const named = props.cluster === undefined ? [tags.node, tags.cluster] : [tags.node];
    const identified: Conditions = {
      // StringNotLike also matches a missing tag, so a session without its tags is not a node.
      Null: Object.fromEntries(named.map((tag) => [tag, 'false'])),
      // A tag with a slash would reach into another folder; a reserved word is the folder of another kind of request.
      StringNotLike: {
        [tags.node]: ['*/*', ...RESERVED_NODE_NAMES],
        ...(props.cluster === undefined && { [tags.cluster]: ['*/*'] }),
      },
    };
    service.grant(role, { principal: 'node', cluster, node: `\${${tags.node}}` }, identified);
    service.grant(
      role,
      { principal: 'control-plane', cluster },
      { ...identified, StringEquals: { [`aws:PrincipalTag/${roleTag}`]: CONTROL_PLANE } },
    );
    return role;
  }
}

/** It takes the role of an instance from its instance profile, and sets no session tags. */
export const EC2 = 'ec2.amazonaws.com';

/** Each beside its role, which may be in a nested stack. */
function profilesOf(
  roles: Readonly<Record<string, iam.Role>>,
): Record<string, iam.InstanceProfile> {
  return Object.fromEntries(
    Object.entries(roles).map(([node, role]) => [
      node,
      new iam.InstanceProfile(placeOf(role), `${node}-profile`, { role }),
    ]),
  );
}

function placeOf(role: iam.Role): Construct {
  const { scope } = role.node;
  if (!scope) throw new Error(`${role.node.path}: has no scope`);
  return scope as Construct;
}

/** The tag that IAM Roles Anywhere sets to a certificate's common name. */
const COMMON_NAME = 'x509Subject/CN';

/** The value of `roleTag`, and of `role` in cluster records. */
const CONTROL_PLANE = 'control-plane';

/** @throws Error if it is not a possible name of a node */
export function checkNodeName(node: string): void {
  if (RESERVED_NODE_NAMES.includes(node))
    throw new Error(`${node}: no node can have this name; it is reserved for a kind of request`);
  if (!isNodeName(node))
    throw new Error(
      `${node}: a node name is an RFC 1123 subdomain of at most ${MAX_NODE_NAME_LENGTH} characters`,
    );
}
