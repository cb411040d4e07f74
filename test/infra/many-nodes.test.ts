/** Clusters on EC2, where each node has its own role: what synthesizes, and what synthesis says about the rest. */
import { App, Stack } from 'aws-cdk-lib';
import { CakelessService, NodeAccess } from '../../infra/index.ts';
import { placementOf } from '../../infra/node-placement.ts';
import { clusterOf, names, rolesIn, type Template, templatesOf } from '../support/many-nodes.ts';
import { codeDir, ofType, resourcesOf, statementsOf } from '../support/synthesize.ts';

it.each([[150, undefined, 'set nestedStacks to 2,']])(
  '%d nodes with nestedStacks %p do not synthesize, and the error says what to do',
  (count, nestedStacks, way) => {
    const synthesize = () => templatesOf(clusterOf(count, nestedStacks));
    expect(synthesize).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          `has \\d+ resources and \\d+ outputs; CloudFormation allows 500 and 200. ${count} nodes have a role each: ${way}`,
        ),
      }),
    );
  },
);

describe('a role in a nested stack', () => {
  const statementsOfNodes = (templates: readonly Template[]) =>
    Object.fromEntries(
      templates.flatMap(({ Resources }) =>
        ofType(Resources, 'AWS::IAM::Policy')
          .filter(([id]) => /^(?:Nodesprod)?node/.test(id))
          .map(([id, { Properties }]) => [
            id.replace(/^Nodesprod|DefaultPolicy.*/g, ''),
            statementsOf(Properties.PolicyDocument),
          ]),
      ),
    );
  const flat = statementsOfNodes(templatesOf(clusterOf(5)));
  const templates = templatesOf(clusterOf(5, 2));
  const nested = statementsOfNodes(templates);

  it('has the same statements as in the stack itself, with the bucket by name', () => {
    const byName = JSON.stringify(flat).replaceAll(
      /<ServiceExchange[A-Za-z0-9]+\.Arn>/g,
      'arn:<AWS::Partition>:s3:::cakeless-exchange-<AWS::AccountId>-<AWS::Region>',
    );
    expect(Object.keys(nested)).toHaveLength(5);
    expect(nested).toEqual(JSON.parse(byName));
  });

  it('is in the part that its name decides', () => {
    const place = placementIn(2);
    for (const template of templates.slice(1))
      for (const node of rolesIn(template)) expect(partOf(template.Description)).toBe(place(node));
    expect(templates.flatMap(rolesIn)).toHaveLength(5);
  });

  it('stays in its nested stack when nodes are added, and only moves to a new nested stack', () => {
    const placesOf = (count: number, stacks: number) => {
      const place = placementIn(stacks);
      return Object.fromEntries(names(count).map((node) => [node, place(node)]));
    };
    const before = placesOf(60, 3);
    const after = placesOf(80, 3);
    for (const [node, part] of Object.entries(before)) expect(after[node]).toBe(part);
    const moved = Object.entries(placesOf(60, 4)).filter(([node, part]) => before[node] !== part);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.length).toBeLessThan(60 / 3);
    expect(new Set(moved.map(([, part]) => part))).toEqual(new Set(['4']));
  });
});

/** The part that each node is placed in, without synthesizing its role. */
function placementIn(stacks: number) {
  const place = placementOf(new Stack(new App(), 'Own'), stacks);
  return (node: string) => {
    const scope = place(node);
    return Stack.isStack(scope) ? partOf(scope.templateOptions.description) : '';
  };
}

const partOf = (description?: string) => /part (\d+)/.exec(description ?? '')?.[1];

it('a stack that uses NodeAccess alone gets the same error', () => {
  const app = new App({ builtinCloudFormationValidation: false });
  const stack = new Stack(app, 'Own');
  const service = new CakelessService(stack, 'Service', { codeDir: codeDir() });
  const access = { service, cluster: 'prod', assumedBy: ['ec2.amazonaws.com'], controlPlanes: [] };
  new NodeAccess(stack, 'Nodes', { ...access, nodes: names(160) });
  expect(() => resourcesOf(stack)).toThrow('set nestedStacks to 2,');
});
