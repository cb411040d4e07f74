/** What `cakeless cluster nodes` prints about nodes without a report. */
import { describeNodes } from '../../../client/commands/cluster-nodes.ts';
import type { ReportOfNode } from '../../../client/operator/node-reports.ts';

const reported: ReportOfNode = { node: 'cp-1', writtenAt: '2026-11-27T00:00:00.000Z' };
const silent: ReportOfNode = { node: 'w-1', problem: 'it has written no report' };
const textOf = (nodes: readonly ReportOfNode[]) =>
  describeNodes(nodes).filter((line) => typeof line === 'string');

it('how a node writes its report is said once, if one has written none', () => {
  expect(textOf([reported, silent, { ...silent, node: 'w-2' }])).toEqual([
    'w-1: it has written no report',
    'w-2: it has written no report',
    expect.stringMatching(/^a report is missing: .*cakeless check-expiration .*install-timer/),
    expect.stringMatching(/^nodes without the command or without AWS credentials/),
  ]);
});

it('nothing is said if every node has', () => {
  expect(textOf([reported])).toEqual([]);
});
