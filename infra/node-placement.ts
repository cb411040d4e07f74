/** Where the roles of listed nodes are: in the stack, or spread over nested stacks. */
import { createHash } from 'node:crypto';
import { CfnOutput, CfnResource, NestedStack, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Resources and outputs of a template.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
 */
const MAX_RESOURCES = 500;
const MAX_OUTPUTS = 200;

/** A node takes three resources (role, policy, instance profile) and an output or two, so this leaves room for growth. */
const NODES_PER_STACK = 100;

/** IAM has at most 5,000 roles in an account. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const MAX_NESTED_STACKS = 50;

/** @returns the scope of a node's role */
export type Placement = (node: string) => Construct;

/** @param count the number of nested stacks; undefined puts all roles into the scope itself */
export function placementOf(scope: Construct, count: number | undefined): Placement {
  if (count === undefined) return () => scope;
  const stacks = Array.from({ length: count }, (_, i) => {
    const id = `Part${i + 1}`;
    let stack: NestedStack | undefined;
    return () => {
      stack ??= new NestedStack(scope, id, {
        description: `Cakeless: roles of nodes, part ${i + 1} of ${count}`,
      });
      return stack;
    };
  });
  return (node) => stacks[partOf(node, count)]?.() ?? scope;
}

/**
 * Depends only on the node's name and the number of parts, so that a new node moves no role: a role that moves is
 * created again, with another ARN. If a part is added, only the nodes of the new part move (rendezvous hashing).
 */
function partOf(node: string, count: number): number {
  const weights = Array.from({ length: count }, (_, i) =>
    createHash('sha256').update(`${i}/${node}`).digest('hex'),
  );
  return weights.indexOf([...weights].sort().at(-1) ?? '');
}

export interface Sized {
  /** How many nodes have a role each. */
  readonly nodes: number;
  readonly nestedStacks: number | undefined;
  /** Whether those who assume the roles can set session tags. */
  readonly canShareRole: boolean;
}

/** What synthesis refuses because CloudFormation would, with the solution. */
export function problemsOfSize(scope: Construct, sized: Sized): string[] {
  const stacks = new Set([Stack.of(scope), ...nestedStacksIn(scope)]);
  return [...stacks].flatMap((stack) => {
    const own = stack.node.findAll().filter((one) => Stack.of(one) === stack);
    const resources = own.filter(isResource).length;
    const outputs = own.filter((one) => one instanceof CfnOutput).length;
    if (resources <= MAX_RESOURCES && outputs <= MAX_OUTPUTS) return [];
    return [
      `stack ${stack.node.path} has ${resources} resources and ${outputs} outputs; CloudFormation allows ${MAX_RESOURCES} and ${MAX_OUTPUTS}. ${sized.nodes} nodes have a role each: ${wayOut(sized)}`,
    ];
  });
}

function wayOut({ nodes, nestedStacks = 0, canShareRole }: Sized): string {
  const enough = Math.max(Math.ceil(nodes / NODES_PER_STACK), nestedStacks + 1);
  const ways = [
    ...(enough <= MAX_NESTED_STACKS
      ? [
          `set clusters[].nodes.nestedStacks (for the construct NodeAccess: nestedStacks) to ${enough}, which spreads the roles over nested stacks`,
        ]
      : []),
    ...(canShareRole ? ['let the nodes share a role that their session tags restrict'] : []),
  ];
  if (ways.length === 0) return 'list fewer nodes; IAM has at most 5,000 roles in an account';
  return `${ways.join(', or ')} (docs/deployment.md, "Many nodes")`;
}

/** The resource that represents a nested stack is in its parent. */
function isResource(construct: Construct): boolean {
  return CfnResource.isCfnResource(construct);
}

function nestedStacksIn(scope: Construct): NestedStack[] {
  return scope.node.findAll().filter((one) => one instanceof NestedStack);
}
