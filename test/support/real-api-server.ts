/** A real API server with its etcd, without kubelets and controllers. Both can be stopped and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openKubeClient } from '../../client/kubernetes/open-kube-client.ts';
import { ETCD_RELEASE, etcdProgram, kubernetesProgram } from '../e2e/harness/programs.ts';
import { OpensslNode } from './openssl-node.ts';
import { untilTrue } from './until.ts';

/** Why a release cannot run here; undefined if it can. Throws under CAKELESS_REQUIRE_JUDGES=1. */
export function whyNoApiServer(release: string): string | undefined {
  const programs = [etcdProgram('etcd'), kubernetesProgram(release, 'kube-apiserver')];
  if (programs.every((program) => existsSync(program))) return undefined;
  const why = `kube-apiserver ${release} or etcd ${ETCD_RELEASE} is not built`;
  if (process.env.CAKELESS_REQUIRE_JUDGES === '1')
    throw new Error(`CAKELESS_REQUIRE_JUDGES=1, but ${why}`);
  return why;
}

export class RealApiServer {
  readonly #folder: string;
  readonly #release: string;
  #etcd: ChildProcess | undefined;
  #server: ChildProcess | undefined;
  #ports = { etcd: 0, etcdPeer: 0, server: 0 };

  /** @param folder a new one */
  constructor(folder: string, release: string) {
    this.#folder = folder;
    this.#release = release;
    mkdirSync(join(folder, 'log'), { recursive: true });
    const node = new OpensslNode(folder);
    node.makeCa('ca', 'kubernetes');
    const server = { path: 'apiserver', subject: '/CN=kube-apiserver', usages: 'serverAuth' };
    node.makeLeaf({ ca: 'ca', ...server, names: 'IP:127.0.0.1' });
    const admin = { subject: '/O=system:masters/CN=admin', usages: 'clientAuth' };
    node.makeLeaf({ path: 'admin.conf', ca: 'ca', ...admin });
  }

  get port(): number {
    return this.#ports.server;
  }

  get etcdEndpoint(): string {
    return `http://127.0.0.1:${this.#ports.etcd}`;
  }

  async start(): Promise<void> {
    const [etcd, etcdPeer, server] = (await freePorts(3)) as [number, number, number];
    this.#ports = { etcd, etcdPeer, server };
    const peer = `http://127.0.0.1:${etcdPeer}`;
    this.#etcd = this.#run(etcdProgram('etcd'), {
      'data-dir': join(this.#folder, 'etcd'),
      'listen-client-urls': this.etcdEndpoint,
      'advertise-client-urls': this.etcdEndpoint,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `default=${peer}`,
      'unsafe-no-fsync': 'true',
    });
    await this.startServer();
  }

  async startServer(): Promise<void> {
    const file = (name: string) => join(this.#folder, name);
    this.#server = this.#run(kubernetesProgram(this.#release, 'kube-apiserver'), {
      'etcd-servers': this.etcdEndpoint,
      'bind-address': '127.0.0.1',
      'secure-port': String(this.port),
      'endpoint-reconciler-type': 'none',
      'tls-cert-file': file('apiserver.crt'),
      'tls-private-key-file': file('apiserver.key'),
      'client-ca-file': file('pki/ca.crt'),
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': file('apiserver.crt'),
      'service-account-signing-key-file': file('apiserver.key'),
      'service-cluster-ip-range': '10.96.0.0/24',
      'authorization-mode': 'RBAC',
    });
    const client = openKubeClient({ kubeconfig: this.kubeconfig() });
    // the namespace is created last
    await untilTrue('the API server', async () => {
      const found = await client.get('/api/v1/namespaces/default').catch(() => undefined);
      return found !== undefined;
    });
  }

  async stopServer(): Promise<void> {
    await end(this.#server);
  }

  async stop(): Promise<void> {
    await end(this.#server);
    await end(this.#etcd);
  }

  /** @param port of a proxy before the server */
  kubeconfig(port = this.port): string {
    return this.#kubeconfig('admin.conf', port);
  }

  /** Of a user without groups and permissions. */
  kubeconfigOf(user: string, group?: string): string {
    const path = `user-${user.replaceAll(':', '-')}.conf`;
    const subject = `${group === undefined ? '' : `/O=${group}`}/CN=${user}`;
    const leaf = { path, ca: 'ca', subject, usages: 'clientAuth' } as const;
    new OpensslNode(this.#folder).makeLeaf(leaf);
    return this.#kubeconfig(path, this.port);
  }

  #kubeconfig(path: string, port: number): string {
    const file = join(this.#folder, `${port}-${path}`);
    const text = readFileSync(join(this.#folder, path), 'utf8');
    writeFileSync(file, text.replace('10.20.0.11:6443', `127.0.0.1:${port}`));
    return file;
  }

  #run(program: string, flags: Readonly<Record<string, string>>): ChildProcess {
    const log = openSync(join(this.#folder, 'log', program.replace(/.*\//, '')), 'a');
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    return spawn(program, args, { stdio: ['ignore', log, log] });
  }
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await ended;
}

/** Held at the same time, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = servers.map(
    (server) =>
      new Promise<number>((done) =>
        server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port)),
      ),
  );
  const found = await Promise.all(ports);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return found;
}
