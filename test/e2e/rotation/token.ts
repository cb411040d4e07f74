/** A client whose credential is a token of a service account, so that only its CA file ties it to a CA. */
import { until } from '../../support/until.ts';
import type { Endpoint } from '../traffic/kube-client.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';

const NAME = 'traffic';

/** With the CA file of the first node as it is now, through the load balancer. */
export async function tokenEndpoint(cluster: WholeCluster): Promise<Endpoint> {
  const objects = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'default', name: NAME } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: 'default' }],
    },
  ];
  for (const object of objects)
    await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
  const create = ['-n', 'default', 'create', 'token', NAME, '--duration=12h'];
  const token = await until('a token', () => cluster.kubectl(create));
  return { ...cluster.anonymous(), token: token.trim() };
}
