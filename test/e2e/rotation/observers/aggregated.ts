/** An aggregated API server that follows extension-apiserver-authentication, as those of k8s.io/apiserver do. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../../support/until.ts';
import {
  AGGREGATED_PATH,
  AGGREGATED_PORT,
  startAggregatedApi,
} from '../../control-plane/aggregated-api.ts';
import { TEST_ADDRESS } from '../../control-plane/network.ts';
import type { TlsServer } from '../../control-plane/tls-servers.ts';
import { lastLines, run } from '../../harness/program.ts';
import type { WholeCluster } from '../../whole-cluster/cluster.ts';
import { applyAsPerson, askAsPerson } from './person.ts';

const AUTHENTICATION =
  '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const FOLLOW_MS = 1000;

export class AggregatedApi {
  readonly #cluster: WholeCluster;
  readonly #server: TlsServer;
  #trusted = '';
  readonly #timer: NodeJS.Timeout;

  private constructor(cluster: WholeCluster, server: TlsServer) {
    this.#cluster = cluster;
    this.#server = server;
    // what cannot be read now is read the next time
    this.#timer = setInterval(() => this.#follow().catch(() => undefined), FOLLOW_MS);
  }

  static async start(cluster: WholeCluster, folder: string): Promise<AggregatedApi> {
    const clientCa = join(folder, 'requestheader-client-ca');
    writeFileSync(clientCa, await readClientCa(cluster));
    const apply = (object: object) => applyAsPerson(cluster, object);
    const server = await startAggregatedApi({ first: { folder }, apply }, clientCa);
    const api = new AggregatedApi(cluster, server);
    await until('the aggregated API', async () => {
      await api.probe();
      return true;
    });
    return api;
  }

  /** @throws Error unless an API server has forwarded the request as front-proxy-client */
  async probe(): Promise<void> {
    const body = await askAsPerson(this.#cluster, 'GET', AGGREGATED_PATH);
    if (JSON.parse(body).caller !== 'front-proxy-client') throw new Error(body);
  }

  /** Refused handshakes of anyone so far. */
  get refused(): readonly string[] {
    return this.#server.refused;
  }

  /** @returns whether it accepts this client certificate, and in which words */
  async tries(certificate: string, key: string): Promise<{ accepted: boolean; words: string }> {
    const ran = await run([
      ...['curl', '--http1.1', '--silent', '--show-error', '--insecure', '--max-time', '20'],
      ...['--cert', certificate, '--key', key, '--header', 'X-Remote-User: thief'],
      `https://${TEST_ADDRESS}:${AGGREGATED_PORT}${AGGREGATED_PATH}`,
    ]);
    return { accepted: ran.exitCode === 0, words: lastLines(ran) };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    // without its server, discovery and the removal of namespaces would fail
    const names = ['apiservice/v1.proof.example.com', 'service/proof'];
    await this.#cluster.kubectl(['-n', 'default', 'delete', '--ignore-not-found', ...names]);
    await this.#server.close();
  }

  async #follow(): Promise<void> {
    const ca = await readClientCa(this.#cluster);
    if (ca === this.#trusted) return;
    this.#trusted = ca;
    this.#server.trust(ca);
  }
}

async function readClientCa(cluster: WholeCluster): Promise<string> {
  const { data } = JSON.parse(await askAsPerson(cluster, 'GET', AUTHENTICATION));
  return data['requestheader-client-ca-file'];
}
