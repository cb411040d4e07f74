/** A forwarder whose cluster has not got the permissions that rotations need goes on as before, and says so once. */
import { KubeError } from '../../../client/kubernetes/kube-client.ts';
import { World } from './world.ts';

const NEEDED = /pods|namespaces|nodes|configmaps|apiservices|webhook|customresource|secrets/;

it('is ready, warns in one line, counts it, and reports what it could not see', async () => {
  const world = new World();
  const { forwarder, log, stop } = world.start({
    interrupt: (point, path) => {
      if (point.startsWith('before') && path.startsWith('/api') && NEEDED.test(path))
        throw new KubeError(403, 'Forbidden', `${path} is forbidden`);
    },
    clusterTrust: {
      exchange: world.exchange,
      trustDomain: async () => undefined,
      ourCas: () => new Map(),
      kubelets: { look: async () => undefined, probe: async () => 'unreachable' },
    },
  });
  await world.advance(2 * 60);
  expect(forwarder.health.unready()).toBeUndefined();
  const warnings = log.filter((line) => line.startsWith('warning'));
  expect(warnings).toEqual([expect.stringMatching(/nodes, .*pods.*issued as before.*--rbac/)]);
  const metrics = forwarder.health.metrics();
  expect(metrics).toMatch(/trust_errors_total\{part="report",of="forbidden"\} 1\n/);
  expect(metrics).toMatch(/last_report_timestamp [1-9]/);
  const body = world.exchange.objects.get('reports/prod/cluster.json')?.body ?? '';
  expect(JSON.parse(Buffer.from(body).toString())).toMatchObject({
    nodes: [],
    truncated: expect.arrayContaining(['nodes', 'pods', 'kube-root-ca.crt', 'namespaces']),
  });
  await stop();
});
