/** As many-nodes.test.ts, with clusters that take seconds to synthesize. */
import { clusterOf, expectNodes, templatesOf } from '../support/many-nodes.ts';

it.each([
  [400, 4],
  [1000, 10],
])(
  '%d nodes synthesize with %d nested stacks, each with a role and an instance profile',
  (count, nestedStacks) => {
    const templates = templatesOf(clusterOf(count, nestedStacks));
    expect(templates).toHaveLength(1 + nestedStacks);
    expectNodes(templates, count);
  },
);
