/**
 * A validating webhook by URL. Its caBundle has the CA of the webhook's certificate, which no rotation replaces: so no
 * rotation may affect it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { until } from '../../../support/until.ts';
import { TEST_ADDRESS } from '../../control-plane/network.ts';
import { mustRun } from '../../harness/program.ts';
import type { WholeCluster } from '../../whole-cluster/cluster.ts';
import { applyAsPerson, askAsPerson } from './person.ts';

const NAMESPACE = 'guarded';
const NAME = 'guard.example.com';
const PORT = 9443;
const OBJECT = `/api/v1/namespaces/${NAMESPACE}/configmaps/guarded`;

export class Webhook {
  readonly #cluster: WholeCluster;
  readonly #server: Server;
  readonly #reviewed = { count: 0 };
  #written = 0;

  private constructor(cluster: WholeCluster, server: Server, reviewed: { count: number }) {
    this.#cluster = cluster;
    this.#server = server;
    this.#reviewed = reviewed;
  }

  static async start(cluster: WholeCluster, folder: string): Promise<Webhook> {
    const { ca, ...pair } = await makeCertificates(join(folder, 'webhook'));
    const reviewed = { count: 0 };
    const server = createServer(pair, async (request, response) => {
      let text = '';
      for await (const chunk of request.setEncoding('utf8')) text += chunk;
      const { apiVersion, kind, request: asked } = JSON.parse(text);
      reviewed.count += 1;
      // the next review needs another handshake
      response.setHeader('connection', 'close');
      response.end(
        JSON.stringify({ apiVersion, kind, response: { uid: asked.uid, allowed: true } }),
      );
    });
    await new Promise<void>((ready, failed) => {
      server.once('error', failed);
      server.listen(PORT, TEST_ADDRESS, () => ready());
    });
    await applyAsPerson(cluster, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE },
    });
    await applyAsPerson(cluster, configuration(ca));
    await applyAsPerson(cluster, configMap(0));
    const webhook = new Webhook(cluster, server, reviewed);
    await until('a review', async () => {
      await webhook.probe();
      return true;
    });
    return webhook;
  }

  /** @throws Error unless the API server has asked the webhook about a write, and allowed it */
  async probe(): Promise<void> {
    const before = this.#reviewed.count;
    this.#written += 1;
    await askAsPerson(this.#cluster, 'PUT', OBJECT, configMap(this.#written));
    if (this.#reviewed.count === before) throw new Error('the webhook was not asked');
  }

  async close(): Promise<void> {
    await this.#cluster.kubectl(['delete', 'validatingwebhookconfiguration', NAME]);
    await this.#cluster.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
    await new Promise<void>((done) => {
      this.#server.close(() => done());
      this.#server.closeAllConnections();
    });
  }
}

const configMap = (number: number) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: NAMESPACE, name: 'guarded' },
  data: { number: String(number) },
});

const configuration = (ca: string) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: NAME },
  webhooks: [
    {
      name: NAME,
      clientConfig: {
        url: `https://${TEST_ADDRESS}:${PORT}/validate`,
        caBundle: Buffer.from(ca).toString('base64'),
      },
      rules: [
        { apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['configmaps'] },
      ],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': NAMESPACE } },
      failurePolicy: 'Fail',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 10,
    },
  ],
});

async function makeCertificates(
  folder: string,
): Promise<{ ca: string; cert: string; key: string }> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await mustRun([
    ...['openssl', 'req', '-x509', ...fresh, '-days', '1', '-subj', '/CN=webhook-ca'],
    ...['-keyout', at('ca.key'), '-out', at('ca.crt')],
  ]);
  await mustRun([
    ...['openssl', 'req', '-new', ...fresh, '-subj', '/CN=webhook'],
    ...['-keyout', at('key'), '-out', at('csr')],
  ]);
  writeFileSync(at('extensions'), `subjectAltName=IP:${TEST_ADDRESS}\n`);
  await mustRun([
    ...['openssl', 'x509', '-req', '-in', at('csr'), '-days', '1', '-extfile', at('extensions')],
    ...['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-out', at('crt')],
  ]);
  const read = (name: string) => readFileSync(at(name), 'utf8');
  return { ca: read('ca.crt'), cert: read('crt'), key: read('key') };
}
