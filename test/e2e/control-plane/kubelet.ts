/**
 * A stand-in for the server of a kubelet. As in a kubelet, the client certificate must be issued by the cluster's CA, and a
 * SubjectAccessReview with the kubelet's kubeconfig decides what its user may do (webhook authorization). It answers
 * `kubectl logs` and nothing else.
 */
import { until } from '../../support/until.ts';
import type { ControlPlane } from './cluster.ts';
import { TEST_ADDRESS } from './network.ts';
import { type Caller, startTlsServer, type TlsServer } from './tls-servers.ts';

const PORT = 10250;
export const LOG_LINE = 'a line that only a kubelet has';

export interface KubeletStandIn extends TlsServer {
  /** Who called, in order. */
  readonly callers: Caller[];
}

export async function startKubelet(plane: ControlPlane): Promise<KubeletStandIn> {
  const callers: Caller[] = [];
  const node = plane.first;
  const server = await startTlsServer(
    node.folder,
    { address: TEST_ADDRESS, port: PORT },
    node.file('pki/ca.crt'),
    node.name,
    async (caller, _, response) => {
      callers.push(caller);
      if (await mayReadLogs(plane, caller)) {
        response.end(`${LOG_LINE}\n`);
        return;
      }
      response.writeHead(403).end(`Forbidden (user=${caller.user}, resource=nodes/proxy)`);
    },
  );
  return { ...server, callers };
}

/** kubernetes pkg/kubelet/server/auth.go: a GET of container logs is `get nodes/proxy` of this node. */
async function mayReadLogs(plane: ControlPlane, { user, groups }: Caller): Promise<boolean> {
  const resource = { resource: 'nodes', subresource: 'proxy', name: plane.first.name };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user,
      groups: [...groups, 'system:authenticated'],
      resourceAttributes: { verb: 'get', version: 'v1', ...resource },
    },
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const input = JSON.stringify(review);
  const answer = await plane.kubectl('kubelet.conf', ['create', '--raw', path, '-f', '-'], {
    input,
  });
  return JSON.parse(answer).status.allowed === true;
}

/** The kubelet creates its Node object with its address, using kubelet.conf. */
export async function registerNode(plane: ControlPlane): Promise<string> {
  const { name } = plane.first;
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
  await plane.kubectl('kubelet.conf', ['create', '-f', '-'], { input });
  const status = {
    addresses: [{ type: 'InternalIP', address: TEST_ADDRESS }],
    daemonEndpoints: { kubeletEndpoint: { Port: PORT } },
  };
  // a kubelet may update and patch its status, but not get it, which kubectl patch does first
  await until('the status of the node', async () => {
    const node = JSON.parse(
      await plane.kubectl('kubelet.conf', ['get', 'node', name, '-o', 'json']),
    );
    const path = `/api/v1/nodes/${name}/status`;
    const put = ['replace', '--raw', path, '-f', '-'];
    return plane.kubectl('kubelet.conf', put, { input: JSON.stringify({ ...node, status }) });
  });
  return `${name} registered itself`;
}
