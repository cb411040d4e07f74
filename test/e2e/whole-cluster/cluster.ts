/** Control planes behind a load balancer, and workers, each a separate machine with real kubelet and containerd. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { balance, type LoadBalancer } from '../control-plane/load-balancer.ts';
import type { NodeAddress } from '../control-plane/network.ts';
import { isReady } from '../control-plane/ready.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { keepWritesFrom } from '../harness/namespaces.ts';
import { mustRun, type RunOptions } from '../harness/program.ts';
import { etcdProgram, kubernetesProgram, ownProgram } from '../harness/programs.ts';
import { readKubeconfigPair } from '../kubeadm/installed.ts';
import type { Endpoint } from '../traffic/kube-client.ts';
import { CaKeyWatch } from './ca-key-watch.ts';
import { makeImage } from './image.ts';
import { KubeadmNode, type Surroundings } from './kubeadm-node.ts';
import { type Site, STAGE } from './plan.ts';

/** The image of the test's pods, with kubectl only. */
export const KUBECTL_IMAGE = 'images.example.com/kubectl:test';

/** A kubelet creates a folder for plugins there. */
const LIBEXEC = '/usr/libexec';

export class WholeCluster {
  readonly release: string;
  readonly site: Site;
  readonly controlPlanes: readonly KubeadmNode[];
  readonly workers: readonly KubeadmNode[];
  readonly watch: CaKeyWatch;
  readonly #balancer: LoadBalancer;
  readonly #etc: string;

  private constructor(
    release: string,
    site: Site,
    { controlPlanes, workers }: Record<'controlPlanes' | 'workers', readonly KubeadmNode[]>,
    watch: CaKeyWatch,
    balancer: LoadBalancer,
    etc: string,
  ) {
    this.release = release;
    this.site = site;
    this.workers = workers;
    this.controlPlanes = controlPlanes;
    this.watch = watch;
    this.#balancer = balancer;
    this.#etc = etc;
  }

  /** Machines with a container runtime and a kubelet that waits for kubeadm; a watch over all of them; a load balancer. */
  static async make(
    service: CakelessService,
    release: string,
    folder: string,
    site: Site = STAGE,
  ): Promise<WholeCluster> {
    const etc = join(folder, 'etc');
    mkdirSync(etc, { recursive: true });
    await mustRun(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', etc]);
    const watch = await CaKeyWatch.start(etc, join(folder, 'watch-names'));
    await keepWritesFrom(LIBEXEC, folder);
    const { cluster, endpoint } = site;
    const around = { service, cluster, run: basename(join(folder, '..')), folder, etc };
    const images = await makeImages(release, folder);
    const makeAll = async (all: readonly NodeAddress[], archives: readonly string[]) => {
      const nodes: KubeadmNode[] = [];
      for (const at of all) nodes.push(await makeNode(around, release, at, archives, images.pause));
      return nodes;
    };
    const workers = await makeAll(site.workers, [images.kubectl]);
    const controlPlanes = await makeAll(site.controlPlanes, images.controlPlane);
    rmSync(join(folder, 'images'), { recursive: true });
    const backends = site.controlPlanes.map(({ address }) => ({ host: address, port: 6443 }));
    const balancer = await balance(endpoint.address, 6443, backends, isReady);
    return new WholeCluster(release, site, { controlPlanes, workers }, watch, balancer, etc);
  }

  get first(): KubeadmNode {
    const [node] = this.controlPlanes;
    if (!node) throw new Error('there are no control planes');
    return node;
  }

  get worker(): KubeadmNode {
    return this.#worker(0);
  }

  /** The worker without credentials of AWS and without a client. */
  get joiner(): KubeadmNode {
    return this.#worker(1);
  }

  /** Those with a client, and credentials for it. */
  get nodes(): KubeadmNode[] {
    return [...this.controlPlanes, ...this.workers.slice(0, 1)];
  }

  get everyNode(): KubeadmNode[] {
    return [...this.controlPlanes, ...this.workers];
  }

  #worker(index: number): KubeadmNode {
    const node = this.workers[index];
    if (!node) throw new Error(`there is no worker ${index + 1}`);
    return node;
  }

  /** For a client with admin.conf, through the load balancer. */
  endpoint(): Endpoint {
    return { ...this.anonymous(), ...readKubeconfigPair(this.first.file('admin.conf')) };
  }

  /** The same without a credential. */
  anonymous(): Endpoint {
    const ca = readFileSync(this.first.file('pki/ca.crt'), 'utf8');
    return { server: `https://${this.site.endpoint.name}:6443`, ca };
  }

  /** With admin.conf of the first node, through the load balancer. @throws Error with kubectl's output */
  kubectl(args: readonly string[], options?: RunOptions): Promise<string> {
    const kubeconfig = `--kubeconfig=${this.first.file('admin.conf')}`;
    const command = [kubernetesProgram(this.release, 'kubectl'), kubeconfig];
    return mustRun([...command, '--request-timeout=20s', ...args], options);
  }

  /** The last error of each kubelet, because its log is removed with the machine. */
  complaints(): string[] {
    return this.everyNode.map(
      ({ name, kubelet }) => `${name}: ${kubelet.complaint() ?? 'nothing'}`,
    );
  }

  async end(): Promise<void> {
    for (const node of this.everyNode) node.end();
    await this.#balancer.close();
    await this.watch.stop();
    // the kernel removes the machines' own mounts of it later
    for (const path of [this.#etc, LIBEXEC]) await mustRun(['umount', '--lazy', path]);
  }
}

function makeNode(
  around: Surroundings,
  release: string,
  at: NodeAddress,
  archives: readonly string[],
  pause: { readonly name: string; readonly archive: string },
): Promise<KubeadmNode> {
  const images = [pause.archive, ...archives];
  return KubeadmNode.make({ at, release, images, sandboxImage: pause.name }, around);
}

/** The images that kubeadm lists for this release, each with the program that was built here. */
async function makeImages(release: string, folder: string) {
  const list = [kubernetesProgram(release, 'kubeadm'), 'config', 'images', 'list'];
  const names = (await mustRun([...list, '--kubernetes-version', `v${release}`]))
    .trim()
    .split('\n');
  const make = async (program: string, name = nameFor(program, names)) => {
    const archive = join(folder, 'images', `${basename(program)}.tar`);
    await makeImage({ name, program }, archive);
    return { name, archive };
  };
  const pause = await make(ownProgram('pause'));
  const kubectl = await make(kubernetesProgram(release, 'kubectl'), KUBECTL_IMAGE);
  const controlPlane: string[] = [];
  for (const program of [
    etcdProgram('etcd'),
    ...STATIC_PODS.map((name) => kubernetesProgram(release, name)),
  ])
    controlPlane.push((await make(program)).archive);
  return { pause, kubectl: kubectl.archive, controlPlane };
}

const STATIC_PODS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;

function nameFor(program: string, names: readonly string[]): string {
  const name = names.find((image) => image.includes(`/${basename(program)}:`));
  if (name === undefined) throw new Error(`kubeadm lists no image of ${program}`);
  return name;
}
