import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { isNodeName, RESERVED_NODE_NAMES } from '../lib/contract/request-kinds.ts';
import { MAX_NODE_NAME_LENGTH } from '../lib/names.ts';
import type { CakelessService } from './cakeless-service.ts';
import { assumedBy, type Trusted } from './trusted.ts';

export interface NodeAccessProps {
  readonly service: CakelessService;
  /** Name of the cluster, as in its record. @default the principal tag `clusterTag` names it: one role for a fleet */
  readonly cluster?: string | undefined;
  /** Who may assume the role: AWS service, account, or principal ARN. */
  readonly assumedBy: readonly Trusted[];
  /** A role for each of these nodes. @default one role for all; the principal tag `nodeTag` names the node */
  readonly nodes?: readonly string[] | undefined;
  /** Principal tag that names the cluster. @default cluster */
  readonly clusterTag?: string | undefined;
  /** Principal tag that names the node; IAM Roles Anywhere sets x509Subject/CN. @default node */
  readonly nodeTag?: string | undefined;
}

/** The roles of a cluster's nodes: each reaches its own folder only. */
export class NodeAccess extends Construct {
  /** Roles by node, or the role of all nodes under `*`. */
  readonly roles: Readonly<Record<string, iam.Role>>;

  constructor(scope: Construct, id: string, props: NodeAccessProps) {
    super(scope, id);
    this.roles = props.nodes
      ? Object.fromEntries(props.nodes.map((node) => [node, this.#roleOfNode(node, props)]))
      : { '*': this.#roleByTags(props) };
  }

  #roleOfNode(node: string, props: NodeAccessProps): iam.Role {
    if (props.cluster === undefined) throw new Error('nodes are listed without their cluster');
    checkNodeName(node);
    const role = new iam.Role(this, node, {
      description: `Cakeless: node ${node} of cluster ${props.cluster}`,
      assumedBy: assumedBy(props.assumedBy),
    });
    props.service.grant(role, { principal: 'node', cluster: props.cluster, node });
    if (props.assumedBy.includes(EC2)) new iam.InstanceProfile(this, `${node}-profile`, { role });
    return role;
  }

  #roleByTags(props: NodeAccessProps): iam.Role {
    const { clusterTag = 'cluster', nodeTag = 'node' } = props;
    const tags = { node: `aws:PrincipalTag/${nodeTag}`, cluster: `aws:PrincipalTag/${clusterTag}` };
    const role = new iam.Role(this, 'Role', {
      description: `Cakeless: nodes of ${props.cluster === undefined ? 'a fleet' : `cluster ${props.cluster}`}`,
      assumedBy: assumedBy(props.assumedBy, { withTags: true }),
    });
    const cluster = props.cluster ?? `\${${tags.cluster}}`;
    const named = props.cluster === undefined ? [tags.node, tags.cluster] : [tags.node];
    const subject = { principal: 'node', cluster, node: `\${${tags.node}}` } as const;
    props.service.grant(role, subject, {
      // StringNotLike also matches a missing tag, so a session without its tags is not a node.
      Null: Object.fromEntries(named.map((tag) => [tag, 'false'])),
      // A tag with a slash would reach into another folder; a reserved word is the folder of another kind of request.
      StringNotLike: {
        [tags.node]: ['*/*', ...RESERVED_NODE_NAMES],
        ...(props.cluster === undefined && { [tags.cluster]: ['*/*'] }),
      },
    });
    return role;
  }
}

const EC2 = 'ec2.amazonaws.com';

/** @throws Error if it is not a possible name of a node */
export function checkNodeName(node: string): void {
  if (RESERVED_NODE_NAMES.includes(node))
    throw new Error(`${node}: no node can have this name; it is reserved for a kind of request`);
  if (!isNodeName(node))
    throw new Error(
      `${node}: a node name is an RFC 1123 subdomain of at most ${MAX_NODE_NAME_LENGTH} characters`,
    );
}
