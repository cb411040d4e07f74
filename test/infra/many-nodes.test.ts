/** Clusters on EC2, where each node has its own role: what synthesizes, and what synthesis says about the rest. */
import { App, Stack } from 'aws-cdk-lib';
import { CakelessService, NodeAccess } from '../../infra/index.ts';
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
  const nested = statementsOfNodes(templatesOf(clusterOf(5, 2)));

  it('has the same statements as in the stack itself, with the bucket by name', () => {
    const byName = JSON.stringify(flat).replaceAll(
      /<ServiceExchange[A-Za-z0-9]+\.Arn>/g,
      'arn:<AWS::Partition>:s3:::cakeless-exchange-<AWS::AccountId>-<AWS::Region>',
    );
    expect(Object.keys(nested)).toHaveLength(5);
    expect(nested).toEqual(JSON.parse(byName));
  });

  it('stays in its nested stack when nodes are added, and only moves to a new nested stack', () => {
    const placesOf = (count: number, stacks: number) =>
      Object.fromEntries(
        templatesOf(clusterOf(count, stacks))
          .slice(1)
          .flatMap((template) =>
            rolesIn(template).map((node) => [node, partOf(template)] as const),
          ),
      );
    const before = placesOf(60, 3);
    const after = placesOf(80, 3);
    for (const [node, part] of Object.entries(before)) expect(after[node]).toBe(part);
    const moved = Object.entries(placesOf(60, 4)).filter(([node, part]) => before[node] !== part);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.length).toBeLessThan(60 / 3);
    expect(new Set(moved.map(([, part]) => part))).toEqual(new Set(['4']));
  });
});

const partOf = ({ Description }: Template) => /part (\d+)/.exec(Description ?? '')?.[1];

it('a stack that uses NodeAccess alone gets the same error', () => {
  const app = new App({ builtinCloudFormationValidation: false });
  const stack = new Stack(app, 'Own');
  const service = new CakelessService(stack, 'Service', { codeDir: codeDir() });
  const access = { service, cluster: 'prod', assumedBy: ['ec2.amazonaws.com'], controlPlanes: [] };
  new NodeAccess(stack, 'Nodes', { ...access, nodes: names(160) });
  expect(() => resourcesOf(stack)).toThrow('set nestedStacks to 2,');
});
