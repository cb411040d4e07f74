/**
 * An API behind the API server's aggregation layer. It trusts the user name in the API server's headers if the caller's
 * certificate was issued by the front-proxy CA for front-proxy-client.
 */
import { TEST_ADDRESS } from './network.ts';
import { startTlsServer, type TlsServer } from './tls-servers.ts';

const GROUP = 'proof.example.com';
export const AGGREGATED_PORT = 8443;
export const AGGREGATED_HOST = { name: 'aggregated.prod.example.com', address: TEST_ADDRESS };
export const AGGREGATED_PATH = `/apis/${GROUP}/v1`;

/** The cluster that it belongs to. */
export interface Aggregator {
  readonly first: { readonly folder: string };
  apply(object: object): Promise<unknown>;
}

/** @param clientCa the front-proxy CA's trust bundle, as extension-apiserver-authentication publishes it */
export async function startAggregatedApi(plane: Aggregator, clientCa: string): Promise<TlsServer> {
  const server = await startTlsServer(
    plane.first.folder,
    { address: TEST_ADDRESS, port: AGGREGATED_PORT },
    clientCa,
    'proof.default.svc',
    async ({ user: CN, serialNumber }, { headers }, response) => {
      if (CN !== 'front-proxy-client') response.writeHead(401);
      response.setHeader('content-type', 'application/json');
      response.setHeader('connection', 'close'); // the next request needs another handshake
      const user = headers['x-remote-user'] ?? '';
      const list = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${GROUP}/v1` };
      response.end(JSON.stringify({ ...list, resources: [], caller: CN, serialNumber, user }));
    },
  );
  await plane.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'proof', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: AGGREGATED_HOST.name },
  });
  await plane.apply({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.${GROUP}` },
    spec: {
      group: GROUP,
      version: 'v1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      caBundle: Buffer.from(server.certificate).toString('base64'),
      service: { name: 'proof', namespace: 'default', port: AGGREGATED_PORT },
    },
  });
  return server;
}
