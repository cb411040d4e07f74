/** As many-nodes.test.ts, with clusters that take seconds to synthesize. */

import { App, Stack } from 'aws-cdk-lib';
import { CakelessService, NodeAccess } from '../../infra/index.ts';
import { clusterOf, expectNodes, names, templatesOf } from '../support/many-nodes.ts';
import { codeDir, resourcesOf } from '../support/synthesize.ts';

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
