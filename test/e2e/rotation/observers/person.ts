/** A person with admin.conf: reads the current file, and opens a new connection, for each request. */
import { KubeClient } from '../../traffic/kube-client.ts';
import type { WholeCluster } from '../../whole-cluster/cluster.ts';

/** @returns the body @throws Error with the API server's words unless the status is 2xx */
export async function askAsPerson(
  cluster: WholeCluster,
  method: string,
  path: string,
  body?: unknown,
): Promise<string> {
  const client = new KubeClient(cluster.endpoint());
  try {
    const answer = await client.ask(method, path, body);
    if (answer.status >= 300) throw new Error(`${answer.status} ${answer.body}`);
    return answer.body;
  } finally {
    client.close();
  }
}

export async function applyAsPerson(cluster: WholeCluster, object: object): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
}
