/** Servers with a certificate of the old CA: after a rotation, no client of a node connects to them. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { Forger } from '../control-plane/forger.ts';
import { TEST_ADDRESS } from '../control-plane/network.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { lastLines, mustRun, run } from '../harness/program.ts';
import { etcdProgram, kubernetesProgram } from '../harness/programs.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import type { OldCa } from './refused.ts';

const trusted = (ca: CaName) =>
  `${ca}: before, clients trust a server with a certificate of the CA`;
const untrusted = (ca: CaName) =>
  `${ca}: no client of any node trusts a server with a certificate of the old CA`;

/** Nobody serves with a certificate of `front-proxy-ca`. */
const servesWith = (ca: CaName) => ca !== 'front-proxy-ca';

/** @returns the first is checked before the rotation, the second after it */
export const oldServerChecks = (ca: CaName): string[] =>
  servesWith(ca) ? [trusted(ca), untrusted(ca)] : [];

const PORT = 7443;
const URL = `https://${TEST_ADDRESS}:${PORT}`;

/** What the server says, or what etcdctl makes of it. */
const ANSWERED = /"major"|server closed the stream/;
const REFUSED = /x509|certificate|unknown authority/i;

interface Client {
  readonly node: KubeadmNode;
  readonly what: string;
  readonly command: readonly string[];
}

export class OldServer {
  readonly #cluster: WholeCluster;
  readonly #ca: CaName;
  readonly #pair: { readonly cert: string; readonly key: string };

  private constructor(cluster: WholeCluster, ca: CaName, pair: { cert: string; key: string }) {
    this.#cluster = cluster;
    this.#ca = ca;
    this.#pair = pair;
  }

  static async make(
    cluster: WholeCluster,
    service: CakelessService,
    folder: string,
    { ca, caFile }: OldCa,
  ): Promise<OldServer> {
    const where = join(folder, `old-server-${ca}`);
    mkdirSync(where);
    const keyFile = join(where, 'key');
    const fresh = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    await mustRun(['openssl', 'genpkey', ...fresh, '-out', keyFile]);
    const extensions = [
      'extendedKeyUsage=serverAuth',
      'keyUsage=digitalSignature',
      `subjectAltName=IP:${TEST_ADDRESS}`,
    ];
    const forger = new Forger(service.dataDir, where);
    const cert = await forger.make(caFile, { subject: '/CN=thief', keyFile, extensions });
    return new OldServer(cluster, ca, { cert, key: readFileSync(keyFile, 'utf8') });
  }

  async checkBefore(check: Check): Promise<void> {
    if (servesWith(this.#ca)) await check(trusted(this.#ca), () => this.#all(true));
  }

  async checkAfter(check: Check): Promise<void> {
    if (servesWith(this.#ca)) await check(untrusted(this.#ca), () => this.#all(false));
  }

  /** @throws Error unless all clients trust it, or none */
  async #all(wanted: boolean): Promise<string> {
    // etcdctl speaks HTTP/2 alone: a server without it ends the handshake before its certificate is looked at
    const options = { ...this.#pair, allowHTTP1: true };
    const server = createSecureServer(options, (_, response) => response.end('{"major":"1"}'));
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    await new Promise<void>((ready, failed) => {
      server.once('error', failed);
      server.listen(PORT, TEST_ADDRESS, () => ready());
    });
    const wrong: string[] = [];
    const clients = this.#clients();
    try {
      for (const { node, what, command } of clients) {
        const ran = await run(node.machine.inside(command));
        const words = `${ran.stdout} ${ran.stderr}`;
        if (!(wanted ? ANSWERED : REFUSED).test(words))
          wrong.push(`${node.name}, ${what}: ${lastLines(ran)}`);
      }
    } finally {
      await new Promise<void>((done) => {
        server.close(() => done());
        for (const socket of sockets) socket.destroy();
      });
    }
    if (wrong.length > 0) throw new Error(wrong.join('; '));
    return `${clients.length} clients`;
  }

  #clients(): Client[] {
    const { controlPlanes, worker, release } = this.#cluster;
    if (this.#ca === 'etcd-ca')
      return controlPlanes.flatMap((node) => [
        curl(node, 'etcd/ca.crt'),
        {
          node,
          what: 'etcdctl',
          command: [
            ...[etcdProgram('etcdctl'), `--endpoints=${URL}`, '--command-timeout=5s'],
            `--cacert=${PKI}/etcd/ca.crt`,
            `--cert=${PKI}/etcd/healthcheck-client.crt`,
            ...[`--key=${PKI}/etcd/healthcheck-client.key`, 'endpoint', 'status'],
          ],
        },
      ]);
    const kubectl = (node: KubeadmNode, file: string): Client => ({
      node,
      what: `kubectl with ${file}`,
      command: [
        ...[kubernetesProgram(release, 'kubectl'), `--kubeconfig=/etc/kubernetes/${file}`],
        ...[`--server=${URL}`, '--request-timeout=20s', 'get', '--raw', '/version'],
      ],
    });
    return [
      ...controlPlanes.flatMap((node) => [
        curl(node, 'ca.crt'),
        ...KUBECONFIGS.map((file) => kubectl(node, file)),
      ]),
      curl(worker, 'ca.crt'),
      kubectl(worker, 'kubelet.conf'),
    ];
  }
}

const PKI = '/etc/kubernetes/pki';
const KUBECONFIGS = ['admin.conf', 'controller-manager.conf', 'scheduler.conf', 'kubelet.conf'];

const curl = (node: KubeadmNode, file: string): Client => ({
  node,
  what: `curl with ${file}`,
  command: [
    'curl',
    '--silent',
    '--show-error',
    '--max-time',
    '20',
    '--cacert',
    `${PKI}/${file}`,
    URL,
  ],
});
