/** What a worker says about a rotation on its own Node, and how the forwarder reads it. */
import { annotateNode } from '../../../client/cluster-trust/annotate-node.ts';
import { readAnnotation } from '../../../client/cluster-trust/node-annotation.ts';
import { ApiServer } from '../csrsigning/api-server.ts';
import { type Cas, digest, makeCas } from './cluster.ts';

let cas: Cas;
let api: ApiServer;
beforeAll(async () => {
  cas = await makeCas();
});
beforeEach(() => {
  api = new ApiServer();
  api.addNode('w-1');
});

const say = (pem: string, restarted: boolean, isChanged: boolean) =>
  annotateNode(api.client(), {
    ...{ name: 'w-1', sequence: 1, caFile: pem, kubeconfig: pem, restarted, isChanged },
  });
const said = () => readAnnotation(api.objects.get('/api/v1/nodes/w-1') ?? {});

it('is read as it was written', async () => {
  await say(cas.from.pem + cas.to.pem, true, true);
  const both = [digest(cas.from), digest(cas.to)];
  expect(said()).toEqual({ caFile: both, kubeconfig: both, restarted: true });
});

type Run = readonly [restarted: boolean, isChanged: boolean];
it.each<[string, boolean, Run, Run]>([
  ['stays while nothing changes', true, [true, true], [false, false]],
  ['ends when the files change', false, [true, true], [false, true]],
  ['is not said after a change without a restart', false, [false, true], [false, false]],
])('that the kubelet was restarted %s', async (_, expected, first, second) => {
  await say(cas.from.pem, ...first);
  await say(cas.from.pem, ...second);
  expect(said().restarted).toBe(expected);
});
