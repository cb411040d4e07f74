/** Clusters on EC2, where each node has its own role: what synthesizes, and what synthesis says about the rest. */

import { App, Stack } from 'aws-cdk-lib';
import { CakelessService, NodeAccess } from '../../infra/index.ts';
import { placementOf } from '../../infra/node-placement.ts';
import {
  clusterOf,
  expectNodes,
  names,
  rolesIn,
  type Template,
  templatesOf,
} from '../support/many-nodes.ts';
import { codeDir, ofType, resourcesOf, statementsOf } from '../support/synthesize.ts';

const SET = 'set clusters[].nodes.nestedStacks (for the construct NodeAccess: nestedStacks) to 2,';
const SHARE = 'or let the nodes share a role that their session tags restrict';

it.each<[string, string[], RegExp, boolean]>([
  ['EC2, which sets no session tags', ['ec2.amazonaws.com'], / 150 nodes have a role each/, false],
  ['EC2 and a broker', ['ec2.amazonaws.com', 'account'], / 150 nodes have a role each/, false],
  ['a broker, which can set session tags', ['account'], / 250 nodes have a role each/, true],
])(
  'too many nodes do not synthesize; the error says the way out for %s',
  (_, assumedBy, nodes, share) => {
    const { clusters, ...rest } = clusterOf(share ? 250 : 150);
    const own = { name: 'prod', nodes: { ...clusters[0]?.nodes, assumedBy } };
    const said = messageOf(() => templatesOf({ ...rest, clusters: [own] }));
    expect(said).toMatch(/has \d+ resources and \d+ outputs; CloudFormation allows 500 and 200\./);
    expect(said).toMatch(nodes);
    expect(said.includes(SHARE)).toBe(share);
    expect(said).toContain(share ? SET.replace('to 2', 'to 3') : SET);
  },
);

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return String(error);
  }
  throw new Error('nothing was refused');
}

describe('the outputs about nodes', () => {
  const outputsFor = (assumedBy: readonly string[], nestedStacks?: number) => {
    const { clusters, ...rest } = clusterOf(2, nestedStacks);
    const own = { name: 'prod', nodes: { ...clusters[0]?.nodes, controlPlanes: [], assumedBy } };
    return templatesOf({ ...rest, clusters: [own] })
      .flatMap(({ Outputs = {} }) => Object.values(Outputs))
      .flatMap(({ Description = '', Value }) =>
        / of node /.test(Description) ? [[Description, kindOf(Value)]] : [],
      )
      .sort();
  };
  /** A Ref to an instance profile is its name. */
  const kindOf = (value: unknown) =>
    (value as { Ref?: string }).Ref?.includes('profile') ? 'name of a profile' : 'ARN';
  const profiles = [
    ['instance profile of node node-0.example.com of prod', 'name of a profile'],
    ['instance profile of node node-1.example.com of prod', 'name of a profile'],
  ];
  const roles = [
    ['role of node node-0.example.com of prod', 'ARN'],
    ['role of node node-1.example.com of prod', 'ARN'],
  ];

  it.each<[string, string[], number | undefined, string[][]]>([
    ['instance profiles, if EC2 assumes the roles', ['ec2.amazonaws.com'], undefined, profiles],
    ['the same in nested stacks', ['ec2.amazonaws.com'], 2, profiles],
    ['roles, if others assume them', ['account'], undefined, roles],
    ['both, if both do', ['ec2.amazonaws.com', 'account'], undefined, [...profiles, ...roles]],
  ])('name %s', (_, assumedBy, nestedStacks, wanted) => {
    expect(outputsFor(assumedBy, nestedStacks)).toEqual(wanted);
  });
});

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

it.each([
  [135, undefined],
  [150, 2],
  [400, 4],
  [1000, 10],
])(
  '%d nodes synthesize with nestedStacks %p, each with a role and an instance profile',
  (count, nestedStacks) => {
    const templates = templatesOf(clusterOf(count, nestedStacks));
    expect(templates).toHaveLength(1 + (nestedStacks ?? 0));
    expectNodes(templates, count);
  },
);

it('180 nodes do not fit into one nested stack', () => {
  expect(() => templatesOf(clusterOf(180, 1))).toThrow(
    'set clusters[].nodes.nestedStacks (for the construct NodeAccess: nestedStacks) to 2,',
  );
});

it('too many outputs are also refused: 210 nodes without instance profiles', () => {
  const { clusters, ...rest } = clusterOf(210);
  const [cluster] = clusters;
  const config = {
    ...rest,
    clusters: [{ name: 'prod', nodes: { ...cluster?.nodes, assumedBy: ['account'] } }],
  };
  expect(() => templatesOf(config)).toThrow(/and 22\d outputs/);
});

it('a stack that uses NodeAccess alone gets the same error', () => {
  const app = new App({ builtinCloudFormationValidation: false });
  const stack = new Stack(app, 'Own');
  const service = new CakelessService(stack, 'Service', { codeDir: codeDir() });
  const access = { service, cluster: 'prod', assumedBy: ['ec2.amazonaws.com'], controlPlanes: [] };
  new NodeAccess(stack, 'Nodes', { ...access, nodes: names(160) });
  expect(() => resourcesOf(stack)).toThrow(
    'set clusters[].nodes.nestedStacks (for the construct NodeAccess: nestedStacks) to 2,',
  );
});
