/**
 * A pod with a client-go of some release (`certificates-client follow`), which lists once a second, each time over a
 * new connection, and watches. It trusts the CA file that the kubelet mounts.
 */
import { join } from 'node:path';
import { until } from '../../../support/until.ts';
import { kubernetesProgram } from '../../harness/programs.ts';
import type { WholeCluster } from '../../whole-cluster/cluster.ts';
import { importImage } from '../../whole-cluster/container-runtime.ts';
import { makeImage } from '../../whole-cluster/image.ts';
import { applyAsPerson } from './person.ts';
import { type Account, counted, isOfCertificates } from './probe.ts';

/** client-go reads the CA file again from 1.36 on. */
export const OLD_CLIENT = '1.29.15';
export const NEW_CLIENT = '1.37.2';

interface Line {
  readonly event: 'counted' | 'failed';
  readonly at: string;
  readonly lists?: number;
  readonly watches?: number;
  readonly what?: string;
  readonly error?: string;
}

/** Failures that follow each other more closely are of one interruption, and none may be longer than this. */
const INTERRUPTION_MS = 60_000;

export class Follower {
  readonly release: string;
  readonly namespace: string;
  readonly #cluster: WholeCluster;
  readonly #image: string;
  #lines: Line[] = [];
  #lists = 0;
  #restarts = 0;

  private constructor(cluster: WholeCluster, release: string) {
    this.#cluster = cluster;
    this.release = release;
    this.namespace = `client-go-${release.replaceAll('.', '-')}`;
    this.#image = `images.example.com/certificates-client:v${release}`;
  }

  static async start(cluster: WholeCluster, folder: string, release: string): Promise<Follower> {
    const follower = new Follower(cluster, release);
    const archive = join(folder, `client-go-${release}.tar`);
    const program = kubernetesProgram(release, 'certificates-client');
    await makeImage({ name: follower.#image, program }, archive);
    await importImage(cluster.worker.machine, archive);
    for (const object of follower.#rights()) await applyAsPerson(cluster, object);
    await follower.#run();
    return follower;
  }

  /** As `kubectl rollout restart` does. */
  async restart(): Promise<void> {
    this.#take(await this.#log());
    this.#restarts += 1;
    await this.#cluster.kubectl([...this.#in(), 'delete', 'pod', 'follower', '--grace-period=1']);
    await this.#run();
  }

  async stop(): Promise<Account> {
    this.#take(await until(`the log of ${this.namespace}`, () => this.#log()));
    await this.#cluster.kubectl(['delete', 'namespace', this.namespace, '--wait=false']);
    await this.#cluster.kubectl(['delete', 'clusterrolebinding', this.namespace]);
    const failures = this.#lines.filter(({ event }) => event === 'failed');
    const reasons = new Map<string, number>();
    for (const { what, error = '' } of failures) {
      const words = `${what}: ${error.slice(-160)}`;
      reasons.set(words, (reasons.get(words) ?? 0) + 1);
    }
    const lost = [
      ...failures
        .filter(({ error = '' }) => isOfCertificates(error))
        .map(({ at, what, error }) => `${this.namespace}: ${at} ${what}: ${error}`),
      ...interruptions(failures).map((words) => `${this.namespace}: ${words}`),
    ];
    const restarted = this.#restarts === 0 ? 'not restarted' : `restarted ${this.#restarts} times`;
    const words = `client-go of ${this.release} (${restarted}): ${this.#lists} lists, failed at first: ${counted(reasons)}, ${lost.length} lost`;
    return { words, lost };
  }

  /** Another program in the same pod. @throws Error unless it lists */
  async exec(): Promise<void> {
    const command = ['certificates-client', 'follow', '-once'];
    await this.#cluster.kubectl([...this.#in(), 'exec', 'follower', '--', ...command]);
  }

  get logPath(): string {
    return `/api/v1/namespaces/${this.namespace}/pods/follower/log?tailLines=1`;
  }

  readonly #in = () => ['-n', this.namespace];

  #log(): Promise<string> {
    return this.#cluster.kubectl([...this.#in(), 'logs', 'follower']);
  }

  #take(log: string): void {
    const lines = log
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line): Line => JSON.parse(line));
    this.#lines.push(...lines);
    this.#lists += lines.findLast(({ event }) => event === 'counted')?.lists ?? 0;
  }

  async #run(): Promise<void> {
    await until(`a service account in ${this.namespace}`, () =>
      this.#cluster.kubectl([...this.#in(), 'get', 'serviceaccount', 'default']),
    );
    await until(`the pod in ${this.namespace}`, async () => {
      await applyAsPerson(this.#cluster, this.#pod());
      const log = await this.#log();
      return log.includes('"counted"') ? true : undefined;
    });
  }

  #rights(): object[] {
    const { namespace } = this;
    return [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
      },
    ];
  }

  /** Without kube-proxy the service `kubernetes` is not reachable, so the pod gets another address. */
  #pod(): object {
    const { endpoint } = this.#cluster.site;
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'follower', namespace: this.namespace },
      spec: {
        nodeName: this.#cluster.worker.name,
        hostNetwork: true,
        containers: [
          {
            name: 'follower',
            image: this.#image,
            imagePullPolicy: 'Never',
            args: ['follow'],
            env: [
              { name: 'KUBERNETES_SERVICE_HOST', value: endpoint.address },
              { name: 'KUBERNETES_SERVICE_PORT', value: '6443' },
            ],
          },
        ],
      },
    };
  }
}

/** Those that were too long, each in a sentence. */
function interruptions(failures: readonly Line[]): string[] {
  const found: string[] = [];
  let first = 0;
  let last = 0;
  let told = false;
  for (const at of failures.map((one) => Date.parse(one.at))) {
    if (at - last > 20_000) {
      first = at;
      told = false;
    }
    last = at;
    if (last - first <= INTERRUPTION_MS || told) continue;
    told = true;
    found.push(
      `it failed for more than ${INTERRUPTION_MS / 1000} s from ${new Date(first).toISOString()} on`,
    );
  }
  return found;
}
